-- Vendor payments that are there already: by our external id, or by the number that somebody typed. One of which
-- the bank account is not shown must be found all the same.
SELECT
  $custom
  payment.id AS id,
  payment.externalid AS externalid,  -- required
  payment.tranid AS tranid,  -- required
  payment.memo AS memo,
  payment.entity AS entity,  -- required
  posting.account AS account,
  day(payment.trandate) AS day,  -- required
  payment.foreigntotal AS total,  -- required
  payment.status AS status,  -- required
  payment.voided AS voided
FROM transaction payment
LEFT JOIN transactionline line ON line.transaction = payment.id AND line.mainline = 'T'
LEFT JOIN transactionaccountingline posting
  ON posting.transaction = line.transaction AND posting.transactionline = line.id
  AND posting.accountingbook = 1  -- optional
WHERE payment.type = 'VendPymt'
  AND $where
ORDER BY $order
