-- Vendor payments, those by hand too, and whether a person has voided them.
SELECT
  t.id AS id,
  t.externalid AS payment_external_id,  -- required
  t.tranid AS number_,
  t.entity AS vendor_id,
  day(t.trandate) AS payment_date,
  CASE WHEN t.voided = 'T' OR SUBSTR(t.status, -1) = 'V' THEN 'T' ELSE 'F' END AS is_voided,  -- required
  CASE WHEN SUBSTR(t.status, -1) = 'V' THEN 'T' ELSE 'F' END AS is_voided,
  utc(t.lastmodifieddate) AS modified_at
FROM transaction t
WHERE t.type = 'VendPymt'
  AND $where
ORDER BY $order
