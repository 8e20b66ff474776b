-- What else uses vendor credits: payments, where NetSuite links a credit to the payment and not to its bills.
SELECT
  link.previousdoc AS credit,
  link.nextdoc AS document,
  SUM(link.foreignamount) AS amount  -- required
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment' AND link.previoustype = 'VendCred'
  AND $where
GROUP BY link.previousdoc, link.nextdoc
ORDER BY $order
