-- Accounts that payments are posted from.
SELECT
  a.acctnumber AS acctnumber,
  a.accttype AS accttype,  -- required
  a.isinactive AS isinactive,
  a.issummary AS issummary,
  a.subsidiary AS subsidiary,
  a.includechildren AS includes_children,
  c.symbol AS currency,
  a.id AS id
FROM account a
LEFT JOIN currency c ON c.id = a.currency  -- optional
WHERE $where
ORDER BY $order
