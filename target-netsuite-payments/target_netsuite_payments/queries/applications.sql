-- What vendor payments pay. A pair of documents may be linked line by line.
SELECT
  link.nextdoc AS payment,
  link.previousdoc AS bill,
  SUM(link.foreignamount) AS amount
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment' AND link.nextdoc IN ({values})
GROUP BY link.nextdoc, link.previousdoc
ORDER BY link.nextdoc ASC, link.previousdoc ASC
