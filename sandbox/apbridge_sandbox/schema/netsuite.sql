-- NetSuite's side of the books. SuiteQL runs on views over these tables (see suiteql/).
-- Money is in whole cents (`_cents`), so that sums are exact; instants are UTC text
-- `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`, flags 'T' and 'F', as NetSuite answers them.

CREATE TABLE ns_currency (
  id INTEGER PRIMARY KEY, symbol TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  exchangerate TEXT NOT NULL DEFAULT '1', isbasecurrency TEXT NOT NULL DEFAULT 'F'
) STRICT;

CREATE TABLE ns_term (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, daysuntilnetdue INTEGER, isinactive TEXT NOT NULL DEFAULT 'F'
) STRICT;

CREATE TABLE ns_subsidiary (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, fullname TEXT NOT NULL, currency INTEGER NOT NULL REFERENCES ns_currency,
  country TEXT NOT NULL, parent INTEGER REFERENCES ns_subsidiary, iselimination TEXT NOT NULL DEFAULT 'F',
  isinactive TEXT NOT NULL DEFAULT 'F', lastmodifieddate TEXT NOT NULL
) STRICT;

CREATE TABLE ns_account (
  id INTEGER PRIMARY KEY, acctnumber TEXT, accountsearchdisplayname TEXT NOT NULL, fullname TEXT NOT NULL,
  accttype TEXT NOT NULL, parent INTEGER REFERENCES ns_account, subsidiary TEXT, includechildren TEXT NOT NULL DEFAULT 'F',
  currency INTEGER REFERENCES ns_currency, issummary TEXT NOT NULL DEFAULT 'F', isinactive TEXT NOT NULL DEFAULT 'F',
  externalid TEXT UNIQUE, lastmodifieddate TEXT NOT NULL
) STRICT;

-- Dimensions. `subsidiary` holds internal ids separated by ', ' as a multi-select column does; with includechildren 'T'
-- the record counts for the children of these subsidiaries too.
CREATE TABLE ns_department (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, fullname TEXT NOT NULL, parent INTEGER REFERENCES ns_department,
  subsidiary TEXT, includechildren TEXT NOT NULL DEFAULT 'F', isinactive TEXT NOT NULL DEFAULT 'F', externalid TEXT UNIQUE, lastmodifieddate TEXT NOT NULL
) STRICT;
CREATE TABLE ns_classification (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, fullname TEXT NOT NULL, parent INTEGER REFERENCES ns_classification,
  subsidiary TEXT, includechildren TEXT NOT NULL DEFAULT 'F', isinactive TEXT NOT NULL DEFAULT 'F', externalid TEXT UNIQUE, lastmodifieddate TEXT NOT NULL
) STRICT;
CREATE TABLE ns_location (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, fullname TEXT NOT NULL, parent INTEGER REFERENCES ns_location,
  subsidiary TEXT, includechildren TEXT NOT NULL DEFAULT 'F', isinactive TEXT NOT NULL DEFAULT 'F', externalid TEXT UNIQUE, lastmodifieddate TEXT NOT NULL
) STRICT;

CREATE TABLE ns_vendor (
  id INTEGER PRIMARY KEY, entityid TEXT NOT NULL, companyname TEXT, altname TEXT, legalname TEXT, printoncheckas TEXT, taxidnum TEXT,
  email TEXT, phone TEXT, category INTEGER, subsidiary INTEGER REFERENCES ns_subsidiary, terms INTEGER REFERENCES ns_term,
  currency INTEGER REFERENCES ns_currency, payablesaccount INTEGER REFERENCES ns_account, expenseaccount INTEGER REFERENCES ns_account,
  defaultbillingaddress INTEGER, isperson TEXT NOT NULL DEFAULT 'F', isinactive TEXT NOT NULL DEFAULT 'F',
  externalid TEXT UNIQUE, datecreated TEXT NOT NULL, lastmodifieddate TEXT NOT NULL, custom TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE TABLE ns_vendorsubsidiaryrelationship (
  id INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES ns_vendor, subsidiary INTEGER NOT NULL REFERENCES ns_subsidiary,
  isprimarysub TEXT NOT NULL DEFAULT 'F', UNIQUE (entity, subsidiary)
) STRICT;
CREATE TABLE ns_vendoraddressbook (
  internalid INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES ns_vendor, addressbookaddress INTEGER NOT NULL,
  label TEXT, defaultbilling TEXT NOT NULL DEFAULT 'F', defaultshipping TEXT NOT NULL DEFAULT 'F'
) STRICT;
CREATE TABLE ns_vendoraddressbookentityaddress (
  nkey INTEGER PRIMARY KEY, addressee TEXT, attention TEXT, addr1 TEXT, addr2 TEXT, city TEXT, state TEXT, zip TEXT, country TEXT
) STRICT;

CREATE TABLE ns_accountingperiod (
  id INTEGER PRIMARY KEY, periodname TEXT NOT NULL, startdate TEXT NOT NULL, enddate TEXT NOT NULL,
  closed TEXT NOT NULL DEFAULT 'F', aplocked TEXT NOT NULL DEFAULT 'F', alllocked TEXT NOT NULL DEFAULT 'F', isposting TEXT NOT NULL DEFAULT 'T',
  isyear TEXT NOT NULL DEFAULT 'F', isquarter TEXT NOT NULL DEFAULT 'F', isadjust TEXT NOT NULL DEFAULT 'F'
) STRICT;

CREATE TABLE ns_item (
  id INTEGER PRIMARY KEY, itemid TEXT NOT NULL, itemtype TEXT NOT NULL, expenseaccount INTEGER REFERENCES ns_account,
  isinactive TEXT NOT NULL DEFAULT 'F', lastmodifieddate TEXT NOT NULL
) STRICT;

-- One row a bill, bill credit, purchase order, vendor payment or journal. total_cents is its size in its own currency,
-- positive; the views give it NetSuite's sign (a bill's and a payment's foreigntotal are negative).
-- paid_cents is what is applied to a bill; it always equals the sum of its links (nextdoc rows).
-- AUTOINCREMENT here and on lines: the id of what was deleted is never given again.
CREATE TABLE ns_transaction (
  id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, recordtype TEXT NOT NULL, tranid TEXT, transactionnumber TEXT NOT NULL UNIQUE,
  trandate TEXT NOT NULL, duedate TEXT, closedate TEXT, entity INTEGER, status TEXT NOT NULL, approvalstatus INTEGER,
  currency INTEGER REFERENCES ns_currency, exchangerate TEXT NOT NULL DEFAULT '1', total_cents INTEGER NOT NULL,
  paid_cents INTEGER NOT NULL DEFAULT 0, postingperiod INTEGER REFERENCES ns_accountingperiod, posting TEXT NOT NULL DEFAULT 'T',
  voided TEXT NOT NULL DEFAULT 'F', paymenthold TEXT NOT NULL DEFAULT 'F', tobeprinted TEXT NOT NULL DEFAULT 'F', memo TEXT, externalid TEXT UNIQUE,
  subsidiary INTEGER REFERENCES ns_subsidiary, account INTEGER REFERENCES ns_account, locked TEXT NOT NULL DEFAULT 'F',
  deletionreason INTEGER, deletionreasonmemo TEXT,
  createddate TEXT NOT NULL, lastmodifieddate TEXT NOT NULL, custom TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX ns_transaction_modified ON ns_transaction (type, lastmodifieddate, id);
CREATE INDEX ns_transaction_entity ON ns_transaction (entity, type);

-- What a bill is due in, where it is due in parts: `upto` is the share of its total, in percent, that is due by then.
CREATE TABLE ns_installment (
  id INTEGER PRIMARY KEY, "transaction" INTEGER NOT NULL REFERENCES ns_transaction ON DELETE CASCADE, seqnum INTEGER NOT NULL,
  line INTEGER NOT NULL, duedate TEXT NOT NULL, upto INTEGER NOT NULL, UNIQUE ("transaction", seqnum)
) STRICT;

-- `uniquekey` is the line's key for ever; `id` its number on the form. Amounts as NetSuite signs them:
-- an expense or item line of a bill is positive, its main line negative, a line that is a remark alone has none.
CREATE TABLE ns_transactionline (
  uniquekey INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL, "transaction" INTEGER NOT NULL REFERENCES ns_transaction, mainline TEXT NOT NULL DEFAULT 'F', taxline TEXT NOT NULL DEFAULT 'F',
  item INTEGER REFERENCES ns_item, itemtype TEXT, expenseaccount INTEGER REFERENCES ns_account, department INTEGER REFERENCES ns_department,
  class INTEGER REFERENCES ns_classification, location INTEGER REFERENCES ns_location, subsidiary INTEGER REFERENCES ns_subsidiary,
  memo TEXT, quantity TEXT, rate TEXT, amount_cents INTEGER, createdfrom INTEGER REFERENCES ns_transaction, hascostline TEXT NOT NULL DEFAULT 'F',
  -- Of a purchase order: what has come, what was billed, and whether no more is wanted.
  quantityshiprecv TEXT, quantitybilled TEXT, isclosed TEXT NOT NULL DEFAULT 'F',
  accountinglinetype TEXT, linelastmodifieddate TEXT NOT NULL, custom TEXT NOT NULL DEFAULT '{}', UNIQUE ("transaction", id)
) STRICT;
CREATE INDEX ns_transactionline_modified ON ns_transactionline (linelastmodifieddate);

CREATE TABLE ns_transactionaccountingline (
  "transaction" INTEGER NOT NULL REFERENCES ns_transaction, transactionline INTEGER NOT NULL, accountingbook INTEGER NOT NULL DEFAULT 1,
  account INTEGER REFERENCES ns_account, debit_cents INTEGER, credit_cents INTEGER, amountpaid_cents INTEGER NOT NULL DEFAULT 0,
  amountunpaid_cents INTEGER NOT NULL DEFAULT 0, posting TEXT NOT NULL DEFAULT 'T', lastmodifieddate TEXT NOT NULL,
  PRIMARY KEY ("transaction", transactionline, accountingbook)
) STRICT;
-- The account has a second accounting book, which posts everything to other accounts than the primary one.
CREATE TRIGGER ns_second_book AFTER INSERT ON ns_transactionaccountingline WHEN NEW.accountingbook = 1 BEGIN
  INSERT INTO ns_transactionaccountingline VALUES (
    NEW."transaction", NEW.transactionline, 2,
    (SELECT other.id FROM ns_account one JOIN ns_account other ON other.id <> one.id AND other.issummary = 'F'
     WHERE one.id = NEW.account ORDER BY other.accttype <> one.accttype, other.id LIMIT 1),
    NEW.debit_cents, NEW.credit_cents, NEW.amountpaid_cents, NEW.amountunpaid_cents, NEW.posting, NEW.lastmodifieddate
  );
END;

-- previousdoc is where it starts (bill, purchase order), nextdoc where it leads (payment, bill). Of a payment
-- foreignamount_cents is how much less is open on the bill, discount_cents how much of that was not paid; via is the
-- payment that a credit was applied with.
CREATE TABLE ns_link (
  id INTEGER PRIMARY KEY AUTOINCREMENT, previousdoc INTEGER NOT NULL, previousline INTEGER NOT NULL, previoustype TEXT NOT NULL,
  nextdoc INTEGER NOT NULL, nextline INTEGER NOT NULL, nexttype TEXT NOT NULL, linktype TEXT NOT NULL,
  foreignamount_cents INTEGER NOT NULL, discount_cents INTEGER NOT NULL DEFAULT 0, lastmodifieddate TEXT NOT NULL,
  via INTEGER
) STRICT;
-- The links of a payment that does not count yet have the type 'Pending'.
-- Of other types of link than payments and billed orders it is not known which there are: each payment has one beside it,
-- of a type that stands for them all, and it stays when the payment is voided.
CREATE TRIGGER ns_link_that_is_no_payment AFTER INSERT ON ns_link WHEN NEW.linktype = 'Payment' BEGIN
  INSERT INTO ns_link VALUES (
    -NEW.id, NEW.previousdoc, NEW.previousline, NEW.previoustype, NEW.nextdoc, NEW.nextline, NEW.nexttype, 'Related',
    NEW.foreignamount_cents, NEW.discount_cents, NEW.lastmodifieddate, NULL
  );
END;
CREATE INDEX ns_link_previous ON ns_link (previousdoc, linktype);
CREATE INDEX ns_link_next ON ns_link (nextdoc, linktype);
CREATE INDEX ns_link_modified ON ns_link (lastmodifieddate);
CREATE INDEX ns_link_via ON ns_link (via) WHERE via IS NOT NULL;

-- What a payment's form shows: what is applied to each bill, its credits' part included, and the credits themselves.
CREATE VIEW ns_paymentapply AS
SELECT payment, previousdoc, previousline, SUM(foreignamount_cents) AS foreignamount_cents, SUM(discount_cents) AS discount_cents
FROM (
  SELECT nextdoc AS payment, previousdoc, previousline, foreignamount_cents, discount_cents FROM ns_link
  WHERE linktype = 'Payment' AND nexttype = 'VendPymt' AND previoustype <> 'VendCred'
  UNION ALL
  SELECT via, previousdoc, previousline, foreignamount_cents, 0 FROM ns_link WHERE linktype = 'Payment' AND via IS NOT NULL
) GROUP BY payment, previousdoc, previousline;
CREATE VIEW ns_paymentcredit AS
SELECT payment, credit, SUM(amount_cents) AS amount_cents
FROM (
  SELECT nextdoc AS payment, previousdoc AS credit, foreignamount_cents AS amount_cents FROM ns_link
  WHERE linktype = 'Payment' AND nexttype = 'VendPymt' AND previoustype = 'VendCred'
  UNION ALL
  SELECT via, nextdoc, foreignamount_cents FROM ns_link WHERE linktype = 'Payment' AND via IS NOT NULL
) GROUP BY payment, credit;
CREATE VIEW ns_creditapply AS
SELECT nextdoc AS credit, previousdoc, previousline, SUM(foreignamount_cents) AS foreignamount_cents FROM ns_link
WHERE linktype = 'Payment' AND nexttype = 'VendCred' AND previoustype = 'VendBill'
GROUP BY nextdoc, previousdoc, previousline;

-- What is due of each part of a bill. What is applied to the bill and to no part of it is taken off the first parts.
CREATE VIEW ns_billinstallment AS
WITH part AS (
  SELECT i.id, i."transaction", i.seqnum, i.line, i.duedate,
    t.total_cents * i.upto / 100 - t.total_cents * COALESCE(LAG(i.upto) OVER bill, 0) / 100 AS amount_cents,
    (SELECT COALESCE(SUM(foreignamount_cents), 0) FROM ns_link
     WHERE previousdoc = t.id AND linktype = 'Payment' AND previousline = i.line) AS own_cents
  FROM ns_installment i JOIN ns_transaction t ON t.id = i."transaction"
  WINDOW bill AS (PARTITION BY i."transaction" ORDER BY i.seqnum)
), open AS (
  SELECT part.*, amount_cents - own_cents AS open_cents,
    (SELECT paid_cents FROM ns_transaction WHERE id = part."transaction") - SUM(own_cents) OVER (PARTITION BY "transaction") AS loose_cents,
    SUM(amount_cents - own_cents) OVER (PARTITION BY "transaction" ORDER BY seqnum) - (amount_cents - own_cents) AS before_cents
  FROM part
)
SELECT id, "transaction", seqnum, line, duedate, amount_cents,
  open_cents - MAX(0, MIN(open_cents, loose_cents - before_cents)) AS due_cents
FROM open;

CREATE TABLE ns_deletedrecord (
  id INTEGER PRIMARY KEY, name TEXT, recordid INTEGER NOT NULL, recordtypeid INTEGER NOT NULL, type TEXT NOT NULL,
  deleteddate TEXT NOT NULL, deletedby TEXT, context TEXT
) STRICT;
CREATE TABLE ns_systemnote (
  id INTEGER PRIMARY KEY, recordid INTEGER NOT NULL, recordtypeid INTEGER NOT NULL, field TEXT NOT NULL, oldvalue TEXT, newvalue TEXT, date TEXT NOT NULL, name TEXT
) STRICT;

CREATE TABLE ns_file (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, filetype TEXT NOT NULL, filesize INTEGER NOT NULL, url TEXT, folder INTEGER,
  content BLOB NOT NULL, sha256 TEXT NOT NULL, lastmodifieddate TEXT NOT NULL
) STRICT;
CREATE TABLE ns_transactionfile (
  "transaction" INTEGER NOT NULL REFERENCES ns_transaction, file INTEGER NOT NULL REFERENCES ns_file, PRIMARY KEY ("transaction", file)
) STRICT;
CREATE INDEX ns_transactionfile_file ON ns_transactionfile (file);

-- Values of custom lists and of custom segments; `list` is the list's name or the segment's record type.
CREATE TABLE ns_customvalue (
  id INTEGER PRIMARY KEY, list TEXT NOT NULL, name TEXT NOT NULL, externalid TEXT UNIQUE, isinactive TEXT NOT NULL DEFAULT 'F',
  created TEXT NOT NULL, lastmodified TEXT NOT NULL
) STRICT;

-- Who may sign in. Certificates map an integration (client) to a role and an entity.
CREATE TABLE ns_integration (client_id TEXT PRIMARY KEY, name TEXT NOT NULL, scopes TEXT NOT NULL DEFAULT 'restlets rest_webservices suite_analytics') STRICT;
CREATE TABLE ns_certificate (
  certificate_id TEXT PRIMARY KEY, client_id TEXT NOT NULL REFERENCES ns_integration, pem TEXT NOT NULL, role INTEGER NOT NULL, entity TEXT NOT NULL,
  valid_from TEXT NOT NULL, valid_until TEXT NOT NULL, algorithm TEXT NOT NULL, revoked TEXT NOT NULL DEFAULT 'F'
) STRICT;
CREATE TABLE ns_token (
  token_sha256 TEXT PRIMARY KEY, client_id TEXT NOT NULL, certificate_id TEXT NOT NULL, role INTEGER NOT NULL, entity TEXT NOT NULL,
  scopes TEXT NOT NULL, expires_at TEXT NOT NULL
) STRICT;
-- Token-based sign-in: a consumer is an integration's key, an access token a user in a role. `stamp` is in seconds since 1970.
CREATE TABLE ns_consumer (consumer_key TEXT PRIMARY KEY, consumer_secret TEXT NOT NULL) STRICT;
CREATE TABLE ns_access_token (
  token_id TEXT PRIMARY KEY, token_secret TEXT NOT NULL, consumer_key TEXT NOT NULL REFERENCES ns_consumer, role INTEGER NOT NULL, entity TEXT NOT NULL
) STRICT;
CREATE TABLE ns_nonce (token_id TEXT NOT NULL, stamp INTEGER NOT NULL, nonce TEXT NOT NULL, PRIMARY KEY (token_id, stamp, nonce)) STRICT;
