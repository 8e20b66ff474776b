-- Bills that are to be paid: what of them may change without a date that moves.
SELECT
  t.id AS id,
  t.entity AS vendor_id,  -- required
  t.foreigntotal * -1 AS total,  -- required
  t.foreignamountunpaid AS amount_due,  -- required
  t.foreigntotal * -1 - COALESCE(t.foreignamountpaid, 0) AS amount_due,
  CASE SUBSTR(t.status, -1) WHEN 'A' THEN 'open' WHEN 'D' THEN 'pending_approval' WHEN 'E' THEN 'rejected' WHEN 'F' THEN 'in_transit' END AS status  -- required
FROM transaction t
WHERE t.type = 'VendBill'
  AND SUBSTR(t.status, -1) IN ('A', 'D', 'E', 'F')
  AND $where
ORDER BY $order
