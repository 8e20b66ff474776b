-- Months that postings may fall in, from the earliest payment on.
SELECT
  period.id AS id,
  period.periodname AS periodname,  -- required
  day(period.startdate) AS startdate,
  day(period.enddate) AS enddate,  -- required
  period.closed AS closed,
  period.alllocked AS alllocked,
  period.aplocked AS aplocked
FROM accountingperiod period
WHERE period.isposting = 'T' AND period.isyear = 'F' AND period.isquarter = 'F' AND period.isadjust = 'F'
  AND $where
ORDER BY $order
