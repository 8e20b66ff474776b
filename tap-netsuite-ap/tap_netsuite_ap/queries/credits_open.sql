-- Credits that are not applied in full: what of them may change without a date that moves. A credit is linked to the bill
-- that it is applied to, or to the payment that took it along.
SELECT
  t.id AS id,
  t.entity AS vendor_id,  -- required
  ABS(t.foreigntotal) AS total,  -- required
  ABS(t.foreigntotal) - COALESCE(SUM(ABS(k.foreignamount)), 0) AS amount_available,  -- required
  CASE SUBSTR(t.status, -1) WHEN 'A' THEN 'open' WHEN 'D' THEN 'pending_approval' WHEN 'E' THEN 'rejected' END AS status  -- required
FROM transaction t
LEFT JOIN nexttransactionlinelink k ON (k.nextdoc = t.id OR k.previousdoc = t.id) AND k.linktype = 'Payment'
WHERE t.type = 'VendCred'
  AND SUBSTR(t.status, -1) IN ('A', 'D', 'E')
  AND $where
GROUP BY t.id, t.entity, t.foreigntotal, t.status
ORDER BY $order
