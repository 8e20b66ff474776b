-- Vendor payments that are there already: by our external id, or by the number that somebody typed.
SELECT
  payment.id AS id,
  payment.externalid AS externalid,  -- required
  payment.tranid AS tranid,  -- required
  payment.memo AS memo,
  payment.entity AS entity,  -- required
  payment.foreigntotal AS total,  -- required
  payment.status AS status,  -- required
  payment.voided AS voided
FROM transaction payment
WHERE payment.type = 'VendPymt'
  AND $where
ORDER BY $order
