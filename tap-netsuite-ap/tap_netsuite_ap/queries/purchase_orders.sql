SELECT
  t.id AS id,
  t.tranid AS number_,  -- required
  t.entity AS vendor_id,  -- required
  day(t.trandate) AS order_date,
  c.symbol AS currency,  -- required with currencies
  t.exchangerate AS exchange_rate,
  ABS(t.foreigntotal) AS total,
  t.memo AS memo,
  m.subsidiary AS subsidiary_id,
  CASE SUBSTR(t.status, -1) WHEN 'A' THEN 'pending_approval' WHEN 'B' THEN 'pending_receipt' WHEN 'C' THEN 'rejected' WHEN 'D' THEN 'partially_received' WHEN 'E' THEN 'pending_billing_partially_received' WHEN 'F' THEN 'pending_billing' WHEN 'G' THEN 'billed' WHEN 'H' THEN 'closed' END AS status,  -- required
  utc(t.lastmodifieddate) AS modified_at
FROM transaction t
LEFT JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T'
LEFT JOIN currency c ON c.id = t.currency  -- optional
WHERE t.type = 'PurchOrd'
  AND $where
ORDER BY $order
