-- One row for each payment or credit that is applied to a bill.
SELECT
  k.previousdoc AS parent,
  k.nextdoc AS id,
  CASE k.nexttype WHEN 'VendPymt' THEN 'payment' ELSE 'credit' END AS kind,  -- required
  MAX(p.externalid) AS external_id,  -- required
  SUM(ABS(k.foreignamount)) AS amount,  -- required
  MAX(day(p.trandate)) AS date_,
  MAX(utc(k.lastmodifieddate)) AS modified_at
FROM nexttransactionlinelink k, transaction p
WHERE p.id = k.nextdoc
  AND k.linktype = 'Payment'
  AND $where
GROUP BY k.previousdoc, k.nextdoc, k.nexttype
ORDER BY $order
