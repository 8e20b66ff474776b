SELECT
  t.id AS id,
  t.tranid AS number_,
  t.entity AS vendor_id,
  day(t.trandate) AS bill_date,
  day(t.duedate) AS due_date,
  c.symbol AS currency,  -- if currency_list
  BUILTIN.DF(t.currency) AS currency,  -- if currencies, not currency_list
  t.exchangerate AS exchange_rate,  -- if currencies
  t.foreigntotal * -1 AS total,
  t.foreignamountunpaid AS amount_due,
  t.memo AS memo,
  m.subsidiary AS subsidiary_id,  -- if subsidiaries
  a.account AS ap_account_id,
  CASE t.approvalstatus WHEN 1 THEN 'pending' WHEN 2 THEN 'approved' WHEN 3 THEN 'rejected' WHEN 11 THEN 'open' END AS approval_status,  -- if approvals
  CASE SUBSTR(t.status, -1) WHEN 'A' THEN 'open' WHEN 'B' THEN 'paid' WHEN 'C' THEN 'cancelled' WHEN 'D' THEN 'pending_approval' WHEN 'E' THEN 'rejected' WHEN 'F' THEN 'in_transit' END AS status,
  $rules
  $custom_fields
  utc(a.lastmodifieddate) AS balance_modified_at,  -- if balance_dates
  utc(t.lastmodifieddate) AS modified_at
FROM transaction t
LEFT JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T'
LEFT JOIN transactionaccountingline a ON a.transaction = m.transaction AND a.transactionline = m.id
  AND a.accountingbook = 1  -- if accounting_books
LEFT JOIN currency c ON c.id = t.currency  -- if currency_list
WHERE t.type = 'VendBill'
  AND $where
ORDER BY $order
