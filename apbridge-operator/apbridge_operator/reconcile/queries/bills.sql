-- Bills, with what is open on them in their own currency, and what keeps them from being paid.
SELECT
  bill.id AS id,
  bill.tranid AS tranid,
  bill.entity AS entity,
  BUILTIN.DF(bill.entity) AS vendor,
  bill.status AS status,
  bill.approvalstatus AS approvalstatus,  -- if approvals
  bill.paymenthold AS paymenthold,  -- if payment_holds
  bill.voided AS voided,  -- if voids
  currency.symbol AS currency,  -- if currency_list
  BUILTIN.DF(line.subsidiary) AS subsidiary,  -- if subsidiaries
  day(bill.trandate) AS trandate,
  day(bill.duedate) AS duedate,
  bill.foreigntotal * -1 AS total,
  bill.foreignamountunpaid AS unpaid,
  utc(bill.lastmodifieddate) AS modified
FROM transaction bill
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = bill.currency  -- if currency_list
WHERE bill.type = 'VendBill'
  AND $where
ORDER BY $order
