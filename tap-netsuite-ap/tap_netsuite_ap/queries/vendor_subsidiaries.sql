-- needs vendorsubsidiaryrelationship
SELECT
  r.entity AS parent,
  r.subsidiary AS subsidiary_ids
FROM vendorsubsidiaryrelationship r
WHERE $where
ORDER BY $order
