-- Whether the vendors are still those that were there: less to read than which they are.
SELECT
  COUNT(v.id) AS records,  -- required
  SUM(v.id) AS sum_of_ids  -- required
FROM vendor v
