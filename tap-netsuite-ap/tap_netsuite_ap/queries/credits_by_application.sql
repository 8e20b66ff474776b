-- needs nexttransactionlinelink.lastmodifieddate
-- Credits that were applied to a bill after the header changed.
SELECT DISTINCT
  k.nextdoc AS id,
  utc(k.lastmodifieddate) AS modified_at
FROM nexttransactionlinelink k, transaction t
WHERE t.id = k.nextdoc AND t.type = 'VendCred'
  AND k.linktype = 'Payment'
  AND k.lastmodifieddate > t.lastmodifieddate
  AND $where
ORDER BY $order
