-- The lines of some purchase orders: what was ordered, what has come, what was billed.
SELECT
  l.uniquekey AS id,
  l.transaction AS parent,  -- required
  l.id AS line_number,  -- required
  BUILTIN.DF(l.item) AS item,
  COALESCE(l.expenseaccount, i.expenseaccount) AS account_id,  -- required
  l.expenseaccount AS account_id,
  g.acctnumber AS account_number,
  l.department AS department_id,
  l.class AS class_id,
  l.location AS location_id,
  l.memo AS memo,
  l.quantity AS quantity,
  l.rate AS rate,
  l.foreignamount AS amount,
  l.quantityshiprecv AS quantity_received,
  l.quantitybilled AS quantity_billed,
  l.isclosed AS is_closed
FROM transactionline l
LEFT JOIN item i ON i.id = l.item  -- optional
LEFT JOIN account g ON g.id = COALESCE(l.expenseaccount, i.expenseaccount)  -- optional
WHERE l.mainline = 'F'
  AND l.taxline = 'F'
  AND $where
ORDER BY $order
