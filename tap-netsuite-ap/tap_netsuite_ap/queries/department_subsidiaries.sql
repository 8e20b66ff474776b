-- needs departmentsubsidiarymap
SELECT
  r.department AS parent,
  r.subsidiary AS subsidiary_ids
FROM departmentsubsidiarymap r
WHERE $where
ORDER BY $order
