-- What a custom field holds on bills.
SELECT
  $field
  bill.id AS id
FROM transaction bill
WHERE bill.type = 'VendBill'
  AND $where
ORDER BY $order
