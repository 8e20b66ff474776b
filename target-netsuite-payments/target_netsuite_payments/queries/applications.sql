-- What vendor payments pay, and the journals that reverse them. A pair of documents may be linked line by line.
SELECT
  link.nextdoc AS payment,
  link.previousdoc AS bill,
  link.previoustype AS kind,  -- required
  SUM(link.foreignamount) AS amount  -- required
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment'
  AND $where
GROUP BY link.nextdoc, link.previousdoc, link.previoustype
ORDER BY $order
