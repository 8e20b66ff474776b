-- Bills, with what is open on them in their own currency, and what keeps them from being paid. A line that ends
-- in "if" and a feature is left out where the account does not have it.
SELECT
  bill.id,
  bill.tranid,
  bill.entity,
  BUILTIN.DF(bill.entity) AS vendor,
  bill.status,
  bill.approvalstatus,  -- if approvals
  bill.paymenthold,  -- if holds
  bill.voided,  -- if voids
  currency.symbol AS currency,  -- if symbols
  BUILTIN.DF(line.subsidiary) AS subsidiary,  -- if subsidiaries
  TO_CHAR(bill.trandate, 'YYYY-MM-DD') AS trandate,
  TO_CHAR(bill.duedate, 'YYYY-MM-DD') AS duedate,
  bill.foreigntotal * -1 AS total,
  bill.foreignamountunpaid AS unpaid,
  TO_CHAR(SYS_EXTRACT_UTC(bill.lastmodifieddate), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS modified
FROM transaction bill
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = bill.currency  -- if symbols
WHERE bill.type = 'VendBill' AND {where}
ORDER BY bill.id ASC
