-- What vendor payments pay. A pair of documents may be linked line by line.
SELECT
  link.nextdoc AS payment,
  link.previousdoc AS bill,
  SUM(link.foreignamount) AS amount  -- required
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment'
  AND $where
GROUP BY link.nextdoc, link.previousdoc
ORDER BY $order
