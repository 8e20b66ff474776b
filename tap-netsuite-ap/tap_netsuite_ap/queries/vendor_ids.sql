-- Vendors that there are: one that was deleted, or merged into another, leaves no date.
SELECT
  v.id AS id
FROM vendor v
WHERE $where
ORDER BY $order
