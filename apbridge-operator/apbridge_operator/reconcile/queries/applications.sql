-- What was applied to bills: payments, credits, and whatever else has settled one. A pair of documents may be
-- linked line by line.
SELECT
  link.previousdoc AS bill,
  link.nextdoc AS id,
  CASE link.nexttype WHEN 'VendPymt' THEN 'payment' WHEN 'VendCred' THEN 'credit' WHEN 'VPrepApp' THEN 'prepayment' WHEN 'Journal' THEN 'journal' ELSE 'document' END AS kind,  -- required
  MAX(other.tranid) AS tranid,
  MAX(other.externalid) AS externalid,  -- required
  MAX(day(other.trandate)) AS trandate,  -- required
  SUM(ABS(link.foreignamount)) AS amount,  -- required
  MAX(COALESCE(utc(link.lastmodifieddate), utc(other.lastmodifieddate))) AS modified,  -- required
  MAX(utc(other.lastmodifieddate)) AS modified
FROM nexttransactionlinelink link, transaction other
WHERE other.id = link.nextdoc
  AND link.linktype = 'Payment'
  AND $where
GROUP BY link.previousdoc, link.nextdoc, link.nexttype
ORDER BY $order
