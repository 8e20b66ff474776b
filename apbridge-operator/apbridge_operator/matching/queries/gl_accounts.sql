-- GL accounts, by what two systems may know them by.
SELECT
  a.id AS id,
  a.acctnumber AS number_,  -- required
  COALESCE(a.accountsearchdisplayname, a.fullname) AS name,  -- required
  a.fullname AS name,
  a.accountsearchdisplayname AS name
FROM account a
WHERE $where
ORDER BY $order
