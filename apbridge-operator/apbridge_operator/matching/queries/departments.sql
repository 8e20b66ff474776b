-- needs department
SELECT
  d.id AS id,
  d.name AS name  -- required
FROM department d
WHERE $where
ORDER BY $order
