SELECT
  a.id AS id,
  a.acctnumber AS number_,  -- required
  COALESCE(a.accountsearchdisplayname, a.fullname) AS name,  -- required
  a.fullname AS name,
  a.accountsearchdisplayname AS name,
  a.acctnumber AS name,
  a.fullname AS full_name,  -- required
  a.accountsearchdisplayname AS full_name,
  a.acctnumber AS full_name,
  a.accttype AS type,  -- required
  a.parent AS parent_id,
  a.subsidiary AS subsidiary_ids,
  a.includechildren AS includes_children,
  CASE WHEN a.accttype = 'NonPosting' OR a.issummary = 'T' THEN 'F' ELSE 'T' END AS is_postable,  -- required
  CASE WHEN a.accttype = 'NonPosting' THEN 'F' ELSE 'T' END AS is_postable,
  CASE WHEN a.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,  -- required
  utc(CURRENT_TIMESTAMP) AS read_at,
  utc(a.lastmodifieddate) AS modified_at
FROM account a
WHERE $where
ORDER BY $order
