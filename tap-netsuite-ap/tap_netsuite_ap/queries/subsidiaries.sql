-- needs subsidiary_list
SELECT
  s.id AS id,
  s.name AS name,
  COALESCE(s.fullname, s.name) AS full_name,
  s.parent AS parent_id,
  s.id AS subsidiary_ids,
  CASE WHEN s.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,
  utc(s.lastmodifieddate) AS modified_at
FROM subsidiary s
WHERE $where
ORDER BY $order
