-- Bills and purchase orders that NetSuite names and does not show: a role without the permission sees none, without a word.
SELECT
  k.previoustype AS kind,
  COUNT(DISTINCT k.previousdoc) AS transactions  -- required
FROM previoustransactionlinelink k
LEFT JOIN transaction t ON t.id = k.previousdoc
WHERE t.id IS NULL
  AND k.previoustype IN ('VendBill', 'PurchOrd')
  AND $where
GROUP BY k.previoustype
ORDER BY $order
