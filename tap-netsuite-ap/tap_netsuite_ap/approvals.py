"""NetSuite's approval statuses of bills."""

APPROVALS = {"pending": 1, "approved": 2, "open": 11}
"""NetSuite's approval statuses that may be submitted, if a setting says so. Where approvals are off it is
null, and the bill counts as approved."""
