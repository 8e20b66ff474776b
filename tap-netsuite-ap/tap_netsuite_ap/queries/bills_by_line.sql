-- needs line_dates
-- Bills of which a line changed after the header did.
SELECT DISTINCT
  l.transaction AS id,
  utc(l.linelastmodifieddate) AS modified_at
FROM transactionline l
JOIN transaction t ON t.id = l.transaction
WHERE t.type = 'VendBill'
  AND l.linelastmodifieddate > t.lastmodifieddate
  AND $where
ORDER BY $order
