-- Vendors that NetSuite refuses to pay.
SELECT
  vendor.entityid AS name,  -- required
  vendor.isinactive AS isinactive,  -- required
  vendor.id AS id
FROM vendor
WHERE $where
ORDER BY $order
