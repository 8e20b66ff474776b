-- needs subsidiary
SELECT
  s.id AS id,
  s.name AS name,  -- required
  COALESCE(s.fullname, s.name) AS full_name,  -- required
  s.name AS full_name,
  s.parent AS parent_id,
  s.id AS subsidiary_ids,
  CASE WHEN s.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,  -- required
  utc(s.lastmodifieddate) AS modified_at
FROM subsidiary s
WHERE $where
ORDER BY $order
