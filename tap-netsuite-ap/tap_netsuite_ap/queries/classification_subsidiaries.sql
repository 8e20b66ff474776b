-- needs classificationsubsidiarymap
SELECT
  r.classification AS parent,
  r.subsidiary AS subsidiary_ids
FROM classificationsubsidiarymap r
WHERE $where
ORDER BY $order
