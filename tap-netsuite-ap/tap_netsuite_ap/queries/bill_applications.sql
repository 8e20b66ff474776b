-- One row for each payment or credit that is applied to a bill.
SELECT
  k.previousdoc AS parent,
  k.nextdoc AS id,
  CASE k.nexttype WHEN 'VendPymt' THEN 'payment' ELSE 'credit' END AS kind,
  p.externalid AS external_id,
  SUM(ABS(k.foreignamount)) AS amount,
  day(p.trandate) AS date_,
  MAX(utc(k.lastmodifieddate)) AS modified_at
FROM nexttransactionlinelink k
JOIN transaction p ON p.id = k.nextdoc
WHERE k.linktype = 'Payment'
  AND $where
GROUP BY k.previousdoc, k.nextdoc, k.nexttype, p.externalid, day(p.trandate)
ORDER BY $order
