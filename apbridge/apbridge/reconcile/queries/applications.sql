-- What was applied to bills: payments and credits. A pair of documents may be linked line by line.
SELECT
  link.previousdoc AS bill,
  link.nextdoc AS id,
  CASE link.nexttype WHEN 'VendPymt' THEN 'payment' ELSE 'credit' END AS kind,
  other.tranid,
  other.externalid,
  TO_CHAR(other.trandate, 'YYYY-MM-DD') AS trandate,
  SUM(ABS(link.foreignamount)) AS amount
FROM nexttransactionlinelink link
JOIN transaction other ON other.id = link.nextdoc
WHERE link.linktype = 'Payment' AND link.nexttype IN ('VendPymt', 'VendCred') AND {where}
GROUP BY link.previousdoc, link.nextdoc, link.nexttype, other.tranid, other.externalid, other.trandate
ORDER BY link.previousdoc ASC, link.nextdoc ASC
