SELECT
  a.id AS id,
  a.acctnumber AS number_,
  COALESCE(a.accountsearchdisplayname, a.fullname) AS name,
  a.fullname AS full_name,
  a.accttype AS type,
  a.parent AS parent_id,
  a.subsidiary AS subsidiary_ids,  -- if subsidiaries
  CASE WHEN a.accttype = 'NonPosting' OR a.issummary = 'T' THEN 'F' ELSE 'T' END AS is_postable,  -- if summary_accounts
  CASE WHEN a.accttype = 'NonPosting' THEN 'F' ELSE 'T' END AS is_postable,  -- if not summary_accounts
  CASE WHEN a.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,
  utc(CURRENT_TIMESTAMP) AS read_at,
  utc(a.lastmodifieddate) AS modified_at
FROM account a
WHERE $where
ORDER BY $order
