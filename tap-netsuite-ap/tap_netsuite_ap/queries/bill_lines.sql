-- Every line of some bills, the main line too: its date counts as the bill's. What NetSuite calls a line's posting
-- (EXPENSE, ASSET, COGS, INCOME, DISCOUNT, GAINLOSS, nothing) says nothing of whether it is a part of the bill.
SELECT
  l.uniquekey AS id,
  l.transaction AS parent,  -- required
  l.id AS line_number,  -- required
  CASE WHEN l.mainline = 'T' THEN 'main' WHEN l.taxline = 'T' THEN 'tax' WHEN l.foreignamount IS NULL OR (l.foreignamount = 0 AND COALESCE(a.account, l.expenseaccount) IS NULL) THEN NULL WHEN l.item IS NULL THEN 'expense' ELSE 'item' END AS kind,  -- required
  CASE WHEN l.mainline = 'T' THEN 'main' WHEN l.taxline = 'T' THEN 'tax' WHEN l.foreignamount IS NULL OR (l.foreignamount = 0 AND COALESCE(a.account, l.expenseaccount) IS NULL) THEN NULL WHEN l.accountinglinetype IS NULL THEN 'expense' ELSE 'item' END AS kind,
  CASE WHEN l.mainline = 'T' THEN 'main' WHEN l.taxline = 'T' THEN 'tax' WHEN l.foreignamount IS NULL OR (l.foreignamount = 0 AND COALESCE(a.account, l.expenseaccount) IS NULL) THEN NULL ELSE 'expense' END AS kind,
  COALESCE(a.account, l.expenseaccount) AS account_id,  -- required
  g.acctnumber AS account_number,  -- required
  l.department AS department_id,
  l.class AS class_id,
  l.location AS location_id,
  l.memo AS memo,
  p.tranid AS purchase_order,
  BUILTIN.DF(l.item) AS item,
  l.quantity AS quantity,
  l.rate AS rate,
  $custom_fields
  utc(l.linelastmodifieddate) AS modified_at,
  l.foreignamount AS amount  -- required
FROM transactionline l
LEFT JOIN transactionaccountingline a ON a.transaction = l.transaction AND a.transactionline = l.id
  AND a.accountingbook = 1  -- optional
LEFT JOIN account g ON g.id = COALESCE(a.account, l.expenseaccount)
LEFT JOIN transaction p ON p.id = l.createdfrom  -- optional
WHERE $where
ORDER BY $order
