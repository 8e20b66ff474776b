-- What the lines of bills are coded to: the least and the greatest of each code, and how many lines have one.
SELECT
  $codes
  COUNT(*) AS lines,
  line.transaction AS bill
FROM transactionline line
WHERE line.mainline = 'F' AND line.taxline = 'F'
  AND $where
GROUP BY line.transaction
ORDER BY $order
