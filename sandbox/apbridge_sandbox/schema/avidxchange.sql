-- AvidXchange's side of the books. Money is in whole cents (`_cents`); instants are UTC text
-- `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`, flags 0 and 1. `content` is what was submitted, as
-- canonical JSON: the same content again changes nothing.

CREATE TABLE ax_company (id INTEGER PRIMARY KEY, name TEXT NOT NULL, company_token TEXT NOT NULL) STRICT;
CREATE TABLE ax_user_token (token TEXT PRIMARY KEY) STRICT;
CREATE TABLE ax_client (id TEXT PRIMARY KEY, secret TEXT NOT NULL) STRICT;
CREATE TABLE ax_token (token_sha256 TEXT PRIMARY KEY, client_id TEXT NOT NULL REFERENCES ax_client (id), expires_at TEXT NOT NULL) STRICT;
CREATE TABLE ax_gateway (key TEXT PRIMARY KEY) STRICT;
CREATE TABLE ax_user (name TEXT PRIMARY KEY, password TEXT NOT NULL) STRICT;
CREATE TABLE ax_user_session (token_sha256 TEXT PRIMARY KEY, user_name TEXT NOT NULL REFERENCES ax_user (name), expires_at TEXT NOT NULL) STRICT;

CREATE TABLE ax_vendor (
  id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, active INTEGER NOT NULL, content TEXT NOT NULL, modified_at TEXT NOT NULL
) STRICT;
CREATE INDEX ax_vendor_modified ON ax_vendor (modified_at, id);

CREATE TABLE ax_gl_account (
  id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, code TEXT NOT NULL UNIQUE, active INTEGER NOT NULL, postable INTEGER NOT NULL,
  content TEXT NOT NULL, modified_at TEXT NOT NULL
) STRICT;
CREATE INDEX ax_gl_account_modified ON ax_gl_account (modified_at, id);

CREATE TABLE ax_dimension_value (
  id INTEGER PRIMARY KEY, dimension TEXT NOT NULL, external_id TEXT NOT NULL, code TEXT NOT NULL, active INTEGER NOT NULL,
  content TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (dimension, external_id), UNIQUE (dimension, code)
) STRICT;
CREATE INDEX ax_dimension_value_modified ON ax_dimension_value (dimension, modified_at, id);

-- paid_cents is what settled payments gave it, discounts included. A credit is an invoice below zero: its lines, what
-- payments give to it, and paid_cents are below zero too.
CREATE TABLE ax_invoice (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit')), external_id TEXT NOT NULL UNIQUE, vendor_external_id TEXT NOT NULL REFERENCES ax_vendor (external_id),
  currency TEXT NOT NULL, total_cents INTEGER NOT NULL, paid_cents INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL CHECK (status IN ('submitted', 'in_workflow', 'approved', 'rejected', 'scheduled', 'paid', 'cancelled')),
  status_reason TEXT, content TEXT NOT NULL, submitted_at TEXT NOT NULL, modified_at TEXT NOT NULL
) STRICT;
CREATE INDEX ax_invoice_modified ON ax_invoice (modified_at, id);
CREATE INDEX ax_invoice_status ON ax_invoice (status, id);

CREATE TABLE ax_invoice_line (
  invoice_id INTEGER NOT NULL REFERENCES ax_invoice, place INTEGER NOT NULL, number TEXT NOT NULL, gl_code TEXT NOT NULL, amount_cents INTEGER NOT NULL,
  department TEXT, class TEXT, location TEXT, description TEXT, purchase_order TEXT, item TEXT, quantity TEXT, rate TEXT,
  PRIMARY KEY (invoice_id, place)
) STRICT;

CREATE TABLE ax_purchase_order (
  id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, content TEXT NOT NULL, modified_at TEXT NOT NULL
) STRICT;
CREATE INDEX ax_purchase_order_modified ON ax_purchase_order (modified_at, id);

CREATE TABLE ax_image (
  invoice_id INTEGER PRIMARY KEY REFERENCES ax_invoice, name TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, content BLOB NOT NULL
) STRICT;

-- cleared_on and exception_reason come after it was issued or settled, and change nothing else of it. status_word and
-- method_word are shown in place of what it is: new words come without notice.
CREATE TABLE ax_payment (
  id INTEGER PRIMARY KEY, status TEXT NOT NULL CHECK (status IN ('processing', 'issued', 'settled', 'failed', 'voided')),
  method TEXT NOT NULL CHECK (method IN ('check', 'ach', 'virtual_card')), check_number TEXT, ach_trace TEXT, card_reference TEXT,
  vendor_external_id TEXT NOT NULL REFERENCES ax_vendor (external_id), currency TEXT NOT NULL, amount_cents INTEGER NOT NULL, paid_on TEXT NOT NULL,
  settled_at TEXT, voided_at TEXT, replaces_payment_id INTEGER REFERENCES ax_payment, modified_at TEXT NOT NULL,
  cleared_on TEXT, exception_reason TEXT, status_word TEXT, method_word TEXT
) STRICT;
CREATE INDEX ax_payment_modified ON ax_payment (modified_at, id);

CREATE TABLE ax_allocation (
  payment_id INTEGER NOT NULL REFERENCES ax_payment, invoice_id INTEGER NOT NULL REFERENCES ax_invoice, amount_cents INTEGER NOT NULL,
  discount_cents INTEGER NOT NULL DEFAULT 0 CHECK (discount_cents >= 0), PRIMARY KEY (payment_id, invoice_id)
) STRICT;
CREATE INDEX ax_allocation_invoice ON ax_allocation (invoice_id);
