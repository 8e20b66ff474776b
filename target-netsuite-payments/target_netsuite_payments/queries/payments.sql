-- Vendor payments that are there already: by our external id, or by the number that somebody typed.
SELECT
  payment.id,
  payment.externalid,
  payment.tranid,
  payment.memo,
  payment.entity,
  payment.foreigntotal AS total,
  payment.voided
FROM transaction payment
WHERE payment.type = 'VendPymt' AND payment.{column} IN ({values})
ORDER BY payment.id ASC
