-- One row for each document that a credit is applied to, though the role may not see it.
SELECT
  k.nextdoc AS parent,
  k.previousdoc AS id,
  CASE k.previoustype WHEN 'VendBill' THEN 'bill' WHEN 'Journal' THEN 'journal' ELSE 'other' END AS kind,  -- required
  MAX(p.externalid) AS external_id,  -- required
  SUM(ABS(k.foreignamount)) AS amount,  -- required
  MAX(day(p.trandate)) AS date_,
  CASE k.previoustype WHEN 'VendBill' THEN k.previousdoc END AS bill_id,  -- required
  MAX(utc(k.lastmodifieddate)) AS modified_at
FROM nexttransactionlinelink k
LEFT JOIN transaction p ON p.id = k.previousdoc
WHERE k.linktype = 'Payment'
  AND $where
GROUP BY k.nextdoc, k.previousdoc, k.previoustype
ORDER BY $order
