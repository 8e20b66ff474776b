-- What the checks before posting need to know of vendor credits that payments use.
SELECT
  credit.id AS id,
  credit.tranid AS tranid,
  credit.entity AS entity,  -- required
  credit.approvalstatus AS approvalstatus,
  credit.voided AS voided,
  currency.symbol AS symbol,
  credit.currency AS currency,  -- required with currencies
  line.subsidiary AS subsidiary,  -- required with oneworld
  posting.account AS apaccount,
  credit.foreigntotal AS total  -- required
FROM transaction credit
JOIN transactionline line ON line.transaction = credit.id AND line.mainline = 'T'
LEFT JOIN transactionaccountingline posting
  ON posting.transaction = line.transaction AND posting.transactionline = line.id
  AND posting.accountingbook = 1  -- optional
LEFT JOIN currency ON currency.id = credit.currency  -- optional
WHERE credit.type = 'VendCred'
  AND $where
ORDER BY $order
