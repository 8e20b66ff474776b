-- AvidXchange's side of the books. Money is in whole cents (`_cents`); instants are UTC text
-- `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`, flags 0 and 1.

CREATE TABLE ax_company (id INTEGER PRIMARY KEY, name TEXT NOT NULL, company_token TEXT NOT NULL) STRICT;
CREATE TABLE ax_user_token (token TEXT PRIMARY KEY) STRICT;
