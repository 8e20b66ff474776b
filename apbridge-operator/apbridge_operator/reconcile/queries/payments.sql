-- Vendor payments that were posted from AvidXchange, void ones too.
SELECT
  payment.id,
  payment.externalid,
  payment.tranid,
  payment.entity,
  BUILTIN.DF(payment.entity) AS vendor,
  BUILTIN.DF(line.subsidiary) AS subsidiary,  -- if subsidiaries
  currency.symbol AS currency,  -- if symbols
  payment.foreigntotal AS total,
  payment.voided,  -- if voids
  TO_CHAR(payment.trandate, 'YYYY-MM-DD') AS trandate
FROM transaction payment
JOIN transactionline line ON line.transaction = payment.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = payment.currency  -- if symbols
WHERE payment.type = 'VendPymt' AND payment.externalid LIKE 'avidxchange-payment-%' AND {where}
ORDER BY payment.id ASC
