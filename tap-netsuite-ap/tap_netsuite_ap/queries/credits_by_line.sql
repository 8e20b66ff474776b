-- needs transactionline.linelastmodifieddate
-- Credits of which a line changed after the header did.
SELECT DISTINCT
  l.transaction AS id,
  utc(l.linelastmodifieddate) AS modified_at
FROM transactionline l, transaction t
WHERE t.id = l.transaction AND t.type = 'VendCred'
  AND l.linelastmodifieddate > t.lastmodifieddate
  AND $where
ORDER BY $order
