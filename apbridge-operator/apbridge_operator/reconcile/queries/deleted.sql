-- When bills were deleted.
SELECT
  gone.recordid AS id,
  TO_CHAR(SYS_EXTRACT_UTC(gone.deleteddate), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS deleted
FROM deletedrecord gone
WHERE UPPER(gone.type) IN ('VENDBILL', 'VENDORBILL', 'VENDOR BILL', 'BILL') AND {where}
ORDER BY gone.recordid ASC
