-- Accounts that payments are posted from.
SELECT
  a.acctnumber AS acctnumber,
  a.accttype AS accttype,
  a.isinactive AS isinactive,
  a.subsidiary AS subsidiary,  -- if subsidiaries
  c.symbol AS currency,  -- if currency_list
  a.id AS id
FROM account a
LEFT JOIN currency c ON c.id = a.currency  -- if currency_list
WHERE $where
ORDER BY $order
