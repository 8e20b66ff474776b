-- Journals that were made to void vendor payments: one that waits for approval opens no bill yet.
SELECT DISTINCT
  journal.id AS id,
  line.createdfrom AS payment,  -- required
  journal.status AS status,  -- required
  journal.approvalstatus AS approvalstatus
FROM transaction journal, transactionline line
WHERE line.transaction = journal.id
  AND journal.type = 'Journal'
  AND $where
ORDER BY $order
