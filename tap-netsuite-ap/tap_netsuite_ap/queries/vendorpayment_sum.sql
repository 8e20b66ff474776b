-- Whether the vendor payments are still those that were there: less to read than which they are.
SELECT
  COUNT(t.id) AS records,  -- required
  SUM(t.id) AS sum_of_ids  -- required
FROM transaction t
WHERE t.type = 'VendPymt'
