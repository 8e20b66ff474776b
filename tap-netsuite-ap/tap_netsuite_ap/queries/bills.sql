SELECT
  t.id AS id,
  COALESCE(t.tranid, t.transactionnumber) AS number_,  -- required
  t.tranid AS number_,
  t.entity AS vendor_id,  -- required
  day(t.trandate) AS bill_date,  -- required
  day(t.duedate) AS due_date,
  c.symbol AS currency,  -- required with currencies
  t.exchangerate AS exchange_rate,
  t.foreigntotal * -1 AS total,  -- required
  t.foreignamountunpaid AS amount_due,  -- required
  t.foreigntotal * -1 - COALESCE(t.foreignamountpaid, 0) AS amount_due,
  t.memo AS memo,
  m.subsidiary AS subsidiary_id,  -- required with oneworld
  a.account AS ap_account_id,
  CASE t.approvalstatus WHEN 1 THEN 'pending' WHEN 2 THEN 'approved' WHEN 3 THEN 'rejected' WHEN 11 THEN 'open' END AS approval_status,
  CASE SUBSTR(t.status, -1) WHEN 'A' THEN 'open' WHEN 'B' THEN 'paid' WHEN 'C' THEN 'cancelled' WHEN 'D' THEN 'pending_approval' WHEN 'E' THEN 'rejected' WHEN 'F' THEN 'in_transit' END AS status,  -- required
  $rules
  $custom_fields
  utc(a.lastmodifieddate) AS balance_modified_at,
  utc(t.lastmodifieddate) AS modified_at
FROM transaction t
LEFT JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T'
LEFT JOIN transactionaccountingline a ON a.transaction = m.transaction AND a.transactionline = m.id
  AND a.accountingbook = 1  -- optional
LEFT JOIN currency c ON c.id = t.currency  -- optional
WHERE t.type = 'VendBill'
  AND $where
ORDER BY $order
