-- What the sandbox itself remembers between two starts: how far its clock is ahead, which seed made the company.
CREATE TABLE sandbox_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
