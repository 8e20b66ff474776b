-- What the lines of open bills are coded to, by subsidiary: one row a code, and how many bills use it. Which lines
-- are a part of a bill is decided as in tap-netsuite-ap's `bill_lines.sql`.
-- $of is the column asked for; a line that ends in `-- if …` is left out where NetSuite does not know the word.
SELECT
  $of AS value_,
  MAX(g.acctnumber) AS account_number,  -- if acctnumber
  m.subsidiary AS subsidiary,  -- if subsidiary
  COUNT(DISTINCT t.id) AS bills
FROM transactionline l
JOIN transaction t ON t.id = l.transaction
JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T'
LEFT JOIN transactionaccountingline a ON a.transaction = l.transaction AND a.transactionline = l.id
  AND a.accountingbook = 1  -- if accountingbook
LEFT JOIN account g ON g.id = COALESCE(a.account, l.expenseaccount)
WHERE t.type = 'VendBill'
  AND SUBSTR(t.status, -1) = 'A'
  AND l.mainline = 'F'
  AND (l.foreignamount <> 0 OR (l.foreignamount = 0 AND COALESCE(a.account, l.expenseaccount) IS NOT NULL))
  AND $of IS NOT NULL
GROUP BY
  m.subsidiary,  -- if subsidiary
  $of
ORDER BY
  m.subsidiary,  -- if subsidiary
  $of
