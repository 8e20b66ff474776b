-- What vendor credits were applied to. What is linked the other way, as a payment that took a credit along may be, is
-- asked by `applications`.
SELECT
  link.nextdoc AS credit,
  SUM(ABS(link.foreignamount)) AS amount  -- required
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment'
  AND $where
GROUP BY link.nextdoc
ORDER BY $order
