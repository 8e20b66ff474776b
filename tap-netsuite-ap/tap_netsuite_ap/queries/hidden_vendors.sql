-- needs vendorsubsidiaryrelationship
-- Vendors that NetSuite names and does not show: a role that sees only some subsidiaries is not told of the others.
SELECT
  r.subsidiary AS id,
  COUNT(DISTINCT r.entity) AS vendors  -- required
FROM vendorsubsidiaryrelationship r
LEFT JOIN vendor v ON v.id = r.entity
WHERE v.id IS NULL
  AND $where
GROUP BY r.subsidiary
ORDER BY $order
