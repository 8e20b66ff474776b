-- Vendors that NetSuite refuses to pay.
SELECT
  vendor.entityid AS name,
  vendor.isinactive AS isinactive,
  vendor.id AS id
FROM vendor
WHERE $where
ORDER BY $order
