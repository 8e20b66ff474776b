-- What was applied to bills in the ledger, added up by NetSuite itself.
SELECT
  MIN(bill.id) AS id,
  currency.symbol AS currency,
  BUILTIN.DF(line.subsidiary) AS subsidiary,
  SUM(ABS(link.foreignamount)) AS amount  -- required
FROM nexttransactionlinelink link
JOIN transaction other ON other.id = link.nextdoc
JOIN transaction bill ON bill.id = link.previousdoc
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = bill.currency  -- optional
WHERE bill.type = 'VendBill'
  AND link.linktype = 'Payment'
  AND bill.posting = 'T'  -- optional
  AND COALESCE(bill.voided, 'F') = 'F'  -- optional
  AND COALESCE(bill.approvalstatus, 2) NOT IN (1, 3)  -- optional
  AND $where
GROUP BY
  currency.symbol,  -- optional
  BUILTIN.DF(line.subsidiary),  -- optional
  bill.type
ORDER BY $order
