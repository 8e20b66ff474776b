-- Vendors, by what two systems may know them by. Bank details are not read.
SELECT
  v.id AS id,
  v.entityid AS code,
  COALESCE(v.companyname, v.altname, v.entityid) AS name,  -- required
  COALESCE(v.altname, v.entityid) AS name,
  v.entityid AS name,
  v.legalname AS legal_name,
  v.printoncheckas AS print_on_check_as,
  v.taxidnum AS tax_id,
  a.addressee AS addressee,
  a.addr1 AS line1,
  a.city AS city,
  a.state AS state,
  a.zip AS postal_code
FROM vendor v
LEFT JOIN vendoraddressbookentityaddress a ON a.nkey = v.defaultbillingaddress  -- optional
WHERE $where
ORDER BY $order
