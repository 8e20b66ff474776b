-- The vendor payments that there are: one that was deleted leaves no date.
SELECT
  t.id AS id
FROM transaction t
WHERE t.type = 'VendPymt'
  AND $where
ORDER BY $order
