-- needs subsidiary
-- Which subsidiary is whose: a record of a parent may count for its children too.
SELECT
  s.id AS id,
  s.parent AS parent_id
FROM subsidiary s
WHERE $where
ORDER BY $order
