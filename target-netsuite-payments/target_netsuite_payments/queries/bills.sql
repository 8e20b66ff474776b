-- What the checks before posting need to know of bills. Subsidiary stands on the line, not on the header;
-- a bill that is not posted yet (pending approval) has no accounting line.
SELECT
  bill.id AS id,
  bill.tranid AS tranid,
  bill.entity AS entity,
  bill.status AS status,
  bill.paymenthold AS paymenthold,  -- if payment_holds
  currency.symbol AS symbol,  -- if currency_list
  bill.currency AS currency,  -- if currencies
  line.subsidiary AS subsidiary,  -- if subsidiaries
  posting.account AS apaccount,
  bill.foreignamountunpaid AS unpaid
FROM transaction bill
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN transactionaccountingline posting
  ON posting.transaction = line.transaction AND posting.transactionline = line.id
  AND posting.accountingbook = 1  -- if accounting_books
LEFT JOIN currency ON currency.id = bill.currency  -- if currency_list
WHERE bill.type = 'VendBill'
  AND $where
ORDER BY $order
