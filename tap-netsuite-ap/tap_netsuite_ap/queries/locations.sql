-- needs location
SELECT
  d.id AS id,
  d.name AS name,  -- required
  COALESCE(d.fullname, d.name) AS full_name,  -- required
  d.name AS full_name,
  d.parent AS parent_id,
  d.subsidiary AS subsidiary_ids,
  d.includechildren AS includes_children,
  CASE WHEN d.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,  -- required
  utc(d.lastmodifieddate) AS modified_at
FROM location d
WHERE $where
ORDER BY $order
