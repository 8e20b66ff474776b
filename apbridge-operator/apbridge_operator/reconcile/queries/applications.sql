-- What was applied to bills: payments, credits, and whatever else has settled one. A pair of documents may be
-- linked line by line.
SELECT
  link.previousdoc AS bill,
  link.nextdoc AS id,
  CASE link.nexttype WHEN 'VendPymt' THEN 'payment' WHEN 'VendCred' THEN 'credit' ELSE 'document' END AS kind,
  other.tranid,
  other.externalid,
  TO_CHAR(other.trandate, 'YYYY-MM-DD') AS trandate,
  SUM(ABS(link.foreignamount)) AS amount,
  MAX(TO_CHAR(SYS_EXTRACT_UTC(COALESCE(link.lastmodifieddate, other.lastmodifieddate)), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS modified
FROM nexttransactionlinelink link
JOIN transaction other ON other.id = link.nextdoc
WHERE link.linktype = 'Payment' AND {where}
GROUP BY link.previousdoc, link.nextdoc, link.nexttype, other.tranid, other.externalid, other.trandate
ORDER BY link.previousdoc ASC, link.nextdoc ASC
