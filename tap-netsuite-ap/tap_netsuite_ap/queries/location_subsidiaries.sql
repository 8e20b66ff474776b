-- needs locationsubsidiarymap
SELECT
  r.location AS parent,
  r.subsidiary AS subsidiary_ids
FROM locationsubsidiarymap r
WHERE $where
ORDER BY $order
