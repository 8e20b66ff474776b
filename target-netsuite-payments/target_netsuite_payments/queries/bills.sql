-- What the checks before posting need to know of bills. Subsidiary stands on the line, not on the header;
-- a bill that is not posted yet (pending approval) has no accounting line. A line that ends in "if" and a
-- feature is left out where the account does not have it.
SELECT
  bill.id,
  bill.tranid,
  bill.entity,
  bill.status,
  bill.paymenthold,  -- if holds
  bill.currency,  -- if currencies
  currency.symbol,  -- if symbols
  line.subsidiary,  -- if subsidiaries
  posting.account AS apaccount,
  bill.foreignamountunpaid AS unpaid
FROM transaction bill
JOIN transactionline line ON line.transaction = bill.id AND line.mainline = 'T'
LEFT JOIN transactionaccountingline posting
  ON posting.transaction = line.transaction AND posting.transactionline = line.id AND posting.accountingbook = 1
LEFT JOIN currency ON currency.id = bill.currency  -- if symbols
WHERE bill.type = 'VendBill' AND bill.id IN ({values})
ORDER BY bill.id ASC
