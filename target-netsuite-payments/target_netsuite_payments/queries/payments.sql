-- Vendor payments that are there already: by our external id, or by the number that somebody typed.
SELECT
  payment.id AS id,
  payment.externalid AS externalid,
  payment.tranid AS tranid,
  payment.memo AS memo,
  payment.entity AS entity,
  payment.foreigntotal AS total,
  payment.voided AS voided
FROM transaction payment
WHERE payment.type = 'VendPymt'
  AND $where
ORDER BY $order
