-- needs deletedrecord
-- When bills were deleted.
SELECT
  gone.recordid AS id,
  utc(gone.deleteddate) AS deleted
FROM deletedrecord gone
WHERE UPPER(gone.type) IN ('VENDBILL', 'VENDORBILL', 'VENDOR BILL', 'BILL')
  AND $where
ORDER BY $order
