-- needs deletedrecord
-- What was deleted. How types are spelled is not public, and differs: whoever knows the ids asks by these. Records of
-- two types may have one id.
SELECT DISTINCT
  d.recordid AS id,
  d.type AS type,  -- required
  d.recordtypeid AS type_id,
  utc(d.deleteddate) AS modified_at
FROM deletedrecord d
WHERE $where
ORDER BY $order
