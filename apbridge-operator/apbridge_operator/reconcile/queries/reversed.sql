-- Vendor payments that a journal reverses, as a void does where the account voids by journals.
SELECT
  link.nextdoc AS id,
  SUM(link.foreignamount) AS amount  -- required
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment' AND link.previoustype = 'Journal' AND link.nexttype = 'VendPymt'
  AND $where
GROUP BY link.nextdoc
ORDER BY $order
