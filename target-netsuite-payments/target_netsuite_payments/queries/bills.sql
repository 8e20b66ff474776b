-- What the checks before posting need to know of bills. Subsidiary stands on the line, not on the header;
-- a bill that is not posted yet (pending approval) has no accounting line.
SELECT
  bill.id AS id,
  bill.tranid AS tranid,  -- required
  bill.entity AS entity,  -- required
  bill.status AS status,  -- required
  bill.paymenthold AS paymenthold,
  currency.symbol AS symbol,
  bill.currency AS currency,  -- required with currencies
  line.subsidiary AS subsidiary,  -- required with oneworld
  posting.account AS apaccount,  -- required
  bill.foreignamountunpaid AS unpaid,  -- required
  ABS(bill.foreigntotal) - COALESCE(bill.foreignamountpaid, 0) AS unpaid
FROM transaction bill
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN transactionaccountingline posting
  ON posting.transaction = line.transaction AND posting.transactionline = line.id
  AND posting.accountingbook = 1  -- optional
LEFT JOIN currency ON currency.id = bill.currency  -- optional
WHERE bill.type = 'VendBill'
  AND $where
ORDER BY $order
