-- Vendor payments, void ones too.
SELECT
  payment.id AS id,
  payment.externalid AS externalid,  -- required
  payment.tranid AS tranid,
  payment.entity AS entity,  -- required
  BUILTIN.DF(payment.entity) AS vendor,
  BUILTIN.DF(line.subsidiary) AS subsidiary,
  currency.symbol AS currency,
  payment.foreigntotal AS total,  -- required
  payment.status AS status,  -- required
  payment.voided AS voided,
  day(payment.trandate) AS trandate  -- required
FROM transaction payment
JOIN transactionline line ON line.transaction = payment.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = payment.currency  -- optional
WHERE payment.type = 'VendPymt'
  AND $where
ORDER BY $order
