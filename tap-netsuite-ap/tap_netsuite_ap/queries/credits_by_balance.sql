-- needs transactionaccountingline.lastmodifieddate
-- Credits of which something was applied, or an application undone, after the header changed. A removed link leaves no row.
SELECT DISTINCT
  t.id AS id,
  utc(a.lastmodifieddate) AS modified_at
FROM transactionaccountingline a, transactionline m, transaction t
WHERE m.transaction = a.transaction AND m.id = a.transactionline AND m.mainline = 'T'
  AND t.id = a.transaction AND t.type = 'VendCred'
  AND a.lastmodifieddate > t.lastmodifieddate
  AND a.accountingbook = 1  -- optional
  AND $where
ORDER BY $order
