-- needs deletedrecord
SELECT DISTINCT
  d.recordid AS id,
  utc(d.deleteddate) AS modified_at
FROM deletedrecord d
WHERE UPPER(d.type) IN ('VENDBILL', 'VENDORBILL', 'VENDOR BILL', 'BILL')
  AND $where
ORDER BY $order
