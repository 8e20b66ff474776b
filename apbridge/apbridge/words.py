"""Words that decide what is done.

They stand in the books of both systems and in ledgers, where later runs and the reconciliation read them: a
sentence may be written anew, these never.
"""

from __future__ import annotations

WITHDRAWN = "Withdrawn in NetSuite: "
"""What the reason begins with of an invoice that was cancelled because NetSuite withdrew its bill."""

SETTLED_OTHERWISE = "it was settled otherwise"
"""What the reason begins with where something else than our payments is applied to a bill."""

ON_HOLD = "it is on payment hold"
VOID = "it is void"
STATUS = "its status is "
APPROVAL = "its approval is "
"""How a bill's own fields say why it is not to be paid; the last two go on with the status."""

OF_NETSUITE = (SETTLED_OTHERWISE, ON_HOLD, VOID, STATUS, APPROVAL)
"""How the reasons begin that NetSuite's own fields show too; all others are of the tap's settings."""

POSTED = "AvidXchange payment "
"""What the memo begins with, before the payment's id, of a vendor payment that was posted and not linked."""

SUBMISSION = "upsert invoice"
CREDIT_SUBMISSION = "upsert credit"
"""What the audit trail calls the submission of a bill, and of a vendor credit."""
