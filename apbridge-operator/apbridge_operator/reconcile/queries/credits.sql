-- Vendor credits, and what keeps them from being used.
SELECT
  credit.id AS id,
  credit.tranid AS tranid,
  credit.entity AS entity,  -- required
  BUILTIN.DF(credit.entity) AS vendor,
  credit.status AS status,  -- required
  credit.approvalstatus AS approvalstatus,
  credit.paymenthold AS paymenthold,
  credit.voided AS voided,
  currency.symbol AS currency,
  BUILTIN.DF(line.subsidiary) AS subsidiary,
  ABS(credit.foreigntotal) AS total,  -- required
  utc(credit.lastmodifieddate) AS modified  -- required
FROM transaction credit
JOIN transactionline line ON line.transaction = credit.id AND line.mainline = 'T'
LEFT JOIN currency ON currency.id = credit.currency  -- optional
WHERE credit.type = 'VendCred'
  AND $where
ORDER BY $order
