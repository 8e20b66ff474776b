-- Bills that NetSuite names and does not show: a role without the permission sees none, without a word.
SELECT
  COUNT(DISTINCT k.previousdoc) AS bills  -- required
FROM previoustransactionlinelink k
LEFT JOIN transaction t ON t.id = k.previousdoc
WHERE t.id IS NULL
  AND k.previoustype = 'VendBill'
