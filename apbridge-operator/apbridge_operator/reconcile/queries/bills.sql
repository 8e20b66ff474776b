-- Bills, with what is open on them in their own currency, and what keeps them from being paid.
SELECT
  bill.id AS id,
  bill.tranid AS tranid,
  bill.entity AS entity,  -- required
  BUILTIN.DF(bill.entity) AS vendor,
  bill.status AS status,  -- required
  bill.approvalstatus AS approvalstatus,
  bill.paymenthold AS paymenthold,
  bill.voided AS voided,
  bill.posting AS posting,
  currency.symbol AS currency,
  BUILTIN.DF(line.subsidiary) AS subsidiary,
  day(bill.trandate) AS trandate,  -- required
  day(bill.duedate) AS duedate,
  bill.foreigntotal * -1 AS total,  -- required
  bill.foreignamountunpaid AS unpaid,  -- required
  bill.foreigntotal * -1 - COALESCE(bill.foreignamountpaid, 0) AS unpaid,
  utc(bill.lastmodifieddate) AS modified  -- required
FROM transaction bill
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = bill.currency  -- optional
WHERE bill.type = 'VendBill'
  AND $where
ORDER BY $order
