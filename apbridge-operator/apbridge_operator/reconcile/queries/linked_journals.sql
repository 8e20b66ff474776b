-- Vendor payments that are linked to journals, which may reverse them, or be what they pay. A pair of documents may
-- be linked line by line.
SELECT
  link.nextdoc AS payment,
  link.previousdoc AS journal,
  SUM(link.foreignamount) AS amount  -- required
FROM nexttransactionlinelink link
WHERE link.linktype = 'Payment' AND link.previoustype = 'Journal' AND link.nexttype = 'VendPymt'
  AND $where
GROUP BY link.nextdoc, link.previousdoc
ORDER BY $order
