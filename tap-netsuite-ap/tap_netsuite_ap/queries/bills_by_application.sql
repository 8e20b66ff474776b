-- needs nexttransactionlinelink.lastmodifieddate
-- Bills to which a payment or credit was applied after the header changed.
SELECT DISTINCT
  k.previousdoc AS id,
  utc(k.lastmodifieddate) AS modified_at
FROM nexttransactionlinelink k, transaction t
WHERE t.id = k.previousdoc AND t.type = 'VendBill'
  AND k.linktype = 'Payment'
  AND k.lastmodifieddate > t.lastmodifieddate
  AND $where
ORDER BY $order
