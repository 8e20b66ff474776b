-- needs location_list
SELECT
  d.id AS id,
  d.name AS name,
  COALESCE(d.fullname, d.name) AS full_name,
  d.parent AS parent_id,
  d.subsidiary AS subsidiary_ids,  -- if subsidiaries
  CASE WHEN d.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,
  utc(d.lastmodifieddate) AS modified_at
FROM location d
WHERE $where
ORDER BY $order
