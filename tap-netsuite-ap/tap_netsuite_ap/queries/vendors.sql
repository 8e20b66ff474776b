SELECT
  v.id AS id,
  v.entityid AS number_,  -- required
  COALESCE(v.companyname, v.altname, v.entityid) AS name,  -- required
  COALESCE(v.companyname, v.entityid) AS name,
  COALESCE(v.altname, v.entityid) AS name,
  v.entityid AS name,
  v.legalname AS legal_name,
  v.printoncheckas AS print_on_check_as,
  v.isperson AS is_person,  -- required
  'F' AS is_person,
  v.taxidnum AS tax_id,
  v.email AS email,
  v.phone AS phone,
  BUILTIN.DF(v.terms) AS terms,
  c.symbol AS currency,  -- required with currencies
  v.subsidiary AS subsidiary_ids,
  a.addressee AS remit_to__addressee,
  a.addr1 AS remit_to__line1,
  a.addr2 AS remit_to__line2,
  a.city AS remit_to__city,
  a.state AS remit_to__state,
  a.zip AS remit_to__postal_code,
  a.country AS remit_to__country,
  $custom_fields
  CASE WHEN v.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,  -- required
  utc(v.datecreated) AS created_at,
  COALESCE(utc(v.lastmodifieddate), '1970-01-01T00:00:00Z') AS modified_at
FROM vendor v
LEFT JOIN currency c ON c.id = v.currency  -- optional
LEFT JOIN vendoraddressbookentityaddress a ON a.nkey = v.defaultbillingaddress  -- optional
WHERE $where
ORDER BY $order
