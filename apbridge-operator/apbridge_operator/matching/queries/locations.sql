-- needs location
SELECT
  l.id AS id,
  l.name AS name  -- required
FROM location l
WHERE $where
ORDER BY $order
