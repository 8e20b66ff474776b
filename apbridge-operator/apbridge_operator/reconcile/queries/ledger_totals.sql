-- What is open in the ledger, added up by NetSuite itself: the total that the bills must come to.
SELECT
  MIN(bill.id) AS id,
  currency.symbol AS currency,
  BUILTIN.DF(line.subsidiary) AS subsidiary,
  SUM(bill.foreignamountunpaid) AS amount,  -- required
  SUM(bill.foreigntotal * -1 - COALESCE(bill.foreignamountpaid, 0)) AS amount
FROM transaction bill
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = bill.currency  -- optional
WHERE bill.type = 'VendBill'
  AND bill.posting = 'T'  -- optional
  AND COALESCE(bill.voided, 'F') = 'F'  -- optional
  AND COALESCE(bill.approvalstatus, 2) NOT IN (1, 3)  -- optional
  AND $where
GROUP BY
  currency.symbol,  -- optional
  BUILTIN.DF(line.subsidiary),  -- optional
  bill.type
ORDER BY $order
