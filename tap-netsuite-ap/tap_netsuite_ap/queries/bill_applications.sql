-- One row for each document that is applied to a bill, of whatever kind, and though the role may not see it.
SELECT
  k.previousdoc AS parent,
  k.nextdoc AS id,
  CASE k.nexttype WHEN 'VendPymt' THEN 'payment' WHEN 'VendCred' THEN 'credit' WHEN 'VPrepApp' THEN 'prepayment' WHEN 'Journal' THEN 'journal' ELSE 'other' END AS kind,  -- required
  MAX(p.externalid) AS external_id,  -- required
  SUM(ABS(k.foreignamount)) AS amount,  -- required
  MAX(day(p.trandate)) AS date_,
  MAX(utc(k.lastmodifieddate)) AS modified_at
FROM nexttransactionlinelink k
LEFT JOIN transaction p ON p.id = k.nextdoc
WHERE k.linktype = 'Payment'
  AND $where
GROUP BY k.previousdoc, k.nextdoc, k.nexttype
ORDER BY $order
