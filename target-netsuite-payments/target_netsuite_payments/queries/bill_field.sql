-- What a custom field holds on bills.
SELECT
  bill.id,
  bill.{field} AS held
FROM transaction bill
WHERE bill.type = 'VendBill' AND bill.id IN ({values})
ORDER BY bill.id ASC
