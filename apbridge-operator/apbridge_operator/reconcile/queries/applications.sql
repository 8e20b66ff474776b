-- What was applied to bills: payments, credits, and whatever else has settled one. A pair of documents may be
-- linked line by line.
SELECT
  link.previousdoc AS bill,
  link.nextdoc AS id,
  CASE link.nexttype WHEN 'VendPymt' THEN 'payment' WHEN 'VendCred' THEN 'credit' ELSE 'document' END AS kind,
  other.tranid AS tranid,
  other.externalid AS externalid,
  day(other.trandate) AS trandate,
  SUM(ABS(link.foreignamount)) AS amount,
  MAX(COALESCE(utc(link.lastmodifieddate), utc(other.lastmodifieddate))) AS modified
FROM nexttransactionlinelink link
JOIN transaction other ON other.id = link.nextdoc
WHERE link.linktype = 'Payment'
  AND $where
GROUP BY link.previousdoc, link.nextdoc, link.nexttype, other.tranid, other.externalid, other.trandate
ORDER BY $order
