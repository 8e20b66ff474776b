-- Vendor payments, void ones too.
SELECT
  payment.id AS id,
  payment.externalid AS externalid,
  payment.tranid AS tranid,
  payment.entity AS entity,
  BUILTIN.DF(payment.entity) AS vendor,
  BUILTIN.DF(line.subsidiary) AS subsidiary,  -- if subsidiaries
  currency.symbol AS currency,  -- if currency_list
  payment.foreigntotal AS total,
  payment.voided AS voided,  -- if voids
  day(payment.trandate) AS trandate
FROM transaction payment
JOIN transactionline line ON line.transaction = payment.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = payment.currency  -- if currency_list
WHERE payment.type = 'VendPymt'
  AND $where
ORDER BY $order
