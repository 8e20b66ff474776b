-- needs vendorbillinstallment, vendorbillinstallment.vendorbill
-- The parts that bills are due in. A bill that is due at once has none.
SELECT
  part.id AS id,
  part.vendorbill AS bill,
  part.seqnum AS seqnum,
  day(part.duedate) AS duedate,
  part.amountdue AS due
FROM vendorbillinstallment part
WHERE $where
ORDER BY $order
