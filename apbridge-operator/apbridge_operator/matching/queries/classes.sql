-- needs classification
SELECT
  c.id AS id,
  c.name AS name  -- required
FROM classification c
WHERE $where
ORDER BY $order
