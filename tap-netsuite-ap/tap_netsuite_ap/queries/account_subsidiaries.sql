-- needs accountsubsidiarymap
SELECT
  r.account AS parent,
  r.subsidiary AS subsidiary_ids
FROM accountsubsidiarymap r
WHERE $where
ORDER BY $order
