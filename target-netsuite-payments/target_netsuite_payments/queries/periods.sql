-- Months that postings may fall in, from the earliest payment on.
SELECT
  id,
  periodname,
  TO_CHAR(startdate, 'YYYY-MM-DD') AS startdate,
  TO_CHAR(enddate, 'YYYY-MM-DD') AS enddate,
  closed,
  aplocked
FROM accountingperiod
WHERE isposting = 'T' AND isyear = 'F' AND isquarter = 'F' AND isadjust = 'F'
  AND enddate >= TO_DATE({since}, 'YYYY-MM-DD')
ORDER BY startdate ASC, id ASC
