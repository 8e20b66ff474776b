-- needs deletedrecord
-- What was deleted. How types are spelled is not public, and differs: whoever knows the ids asks by these.
SELECT DISTINCT
  d.recordid AS id,
  d.type AS type,  -- required
  utc(d.deleteddate) AS modified_at
FROM deletedrecord d
WHERE $where
ORDER BY $order
