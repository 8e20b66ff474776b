-- Purchase orders of which something is to come or to be billed, and how far: in many an account no date tells of it.
-- Each line counts by its key: what moves from one line to another changes the sum too.
SELECT
  t.id AS id,
  CASE SUBSTR(t.status, -1) WHEN 'A' THEN 'pending_approval' WHEN 'B' THEN 'pending_receipt' WHEN 'C' THEN 'rejected' WHEN 'D' THEN 'partially_received' WHEN 'E' THEN 'pending_billing_partially_received' WHEN 'F' THEN 'pending_billing' WHEN 'G' THEN 'billed' WHEN 'H' THEN 'closed' END AS status,  -- required
  SUM(l.uniquekey * l.quantity) AS quantity,
  SUM(l.uniquekey * l.foreignamount) AS amount,
  SUM(l.uniquekey * l.quantityshiprecv) AS quantity_received,
  SUM(l.uniquekey * l.quantitybilled) AS quantity_billed,
  SUM(CASE WHEN l.isclosed = 'T' THEN l.uniquekey ELSE 0 END) AS is_closed
FROM transaction t, transactionline l
WHERE t.type = 'PurchOrd'
  AND l.transaction = t.id AND l.mainline = 'F' AND l.taxline = 'F'
  AND SUBSTR(t.status, -1) IN ('A', 'B', 'D', 'E', 'F')
  AND $where
GROUP BY t.id, t.status
ORDER BY $order
