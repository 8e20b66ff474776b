SELECT
  v.id AS id,
  v.entityid AS number_,
  COALESCE(v.companyname, v.altname, v.entityid) AS name,
  v.legalname AS legal_name,
  v.printoncheckas AS print_on_check_as,  -- if check_names
  v.isperson AS is_person,
  v.taxidnum AS tax_id,  -- if tax_ids
  v.email AS email,
  v.phone AS phone,
  BUILTIN.DF(v.terms) AS terms,  -- if terms
  c.symbol AS currency,  -- if currency_list
  BUILTIN.DF(v.currency) AS currency,  -- if currencies, not currency_list
  v.subsidiary AS subsidiary_ids,  -- if subsidiaries
  a.addressee AS remit_to__addressee,  -- if addresses
  a.addr1 AS remit_to__line1,  -- if addresses
  a.addr2 AS remit_to__line2,  -- if addresses
  a.city AS remit_to__city,  -- if addresses
  a.state AS remit_to__state,  -- if addresses
  a.zip AS remit_to__postal_code,  -- if addresses
  a.country AS remit_to__country,  -- if addresses
  $custom_fields
  CASE WHEN v.isinactive = 'T' THEN 'F' ELSE 'T' END AS is_active,
  utc(v.datecreated) AS created_at,
  COALESCE(utc(v.lastmodifieddate), '1970-01-01T00:00:00Z') AS modified_at
FROM vendor v
LEFT JOIN currency c ON c.id = v.currency  -- if currency_list
LEFT JOIN vendoraddressbookentityaddress a ON a.nkey = v.defaultbillingaddress  -- if addresses
WHERE $where
ORDER BY $order
