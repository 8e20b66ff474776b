-- Which bills vendor credits are applied to. A pair of documents may be linked line by line.
SELECT
  link.nextdoc AS credit,
  link.previousdoc AS bill,
  SUM(link.foreignamount) AS amount  -- required
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment' AND link.nexttype = 'VendCred'
  AND $where
GROUP BY link.nextdoc, link.previousdoc
ORDER BY $order
