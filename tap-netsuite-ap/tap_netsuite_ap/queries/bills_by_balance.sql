-- needs balance_dates
-- Bills of which something was paid, or a payment undone, after the header changed. A removed link leaves no row.
SELECT DISTINCT
  t.id AS id,
  utc(a.lastmodifieddate) AS modified_at
FROM transactionaccountingline a
JOIN transactionline m ON m.transaction = a.transaction AND m.id = a.transactionline AND m.mainline = 'T'
JOIN transaction t ON t.id = a.transaction
WHERE t.type = 'VendBill'
  AND a.lastmodifieddate > t.lastmodifieddate
  AND a.accountingbook = 1  -- if accounting_books
  AND $where
ORDER BY $order
