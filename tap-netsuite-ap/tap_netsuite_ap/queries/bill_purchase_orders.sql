-- NetSuite links line to line, so a purchase order comes once for every line that it and the bill share. One that the
-- role does not see is linked all the same.
SELECT DISTINCT
  k.nextdoc AS parent,
  k.nextline AS line_number,
  k.previousdoc AS id,
  p.id AS shown,
  p.tranid AS purchase_order
FROM previoustransactionlinelink k
LEFT JOIN transaction p ON p.id = k.previousdoc
WHERE k.linktype = 'OrdBill'
  AND $where
ORDER BY $order
