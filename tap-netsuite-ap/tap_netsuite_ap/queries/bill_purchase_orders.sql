-- NetSuite links line to line, so a purchase order comes once for every line that it and the bill share.
SELECT DISTINCT
  k.nextdoc AS parent,
  k.nextline AS line_number,
  k.previousdoc AS id,
  p.tranid AS purchase_order
FROM previoustransactionlinelink k, transaction p
WHERE p.id = k.previousdoc
  AND k.linktype = 'OrdBill'
  AND $where
ORDER BY $order
