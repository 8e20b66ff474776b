"""The governed session: every call to NetSuite or AvidXchange goes through one."""

from apbridge.http.call import Call, Write
from apbridge.http.judge import NOT_JSON, Judge, Verdict, VerdictKind, body_of, done, kind_of
from apbridge.http.session import GovernedSession, Signer

__all__ = [
    "NOT_JSON",
    "Call",
    "GovernedSession",
    "Judge",
    "Signer",
    "Verdict",
    "VerdictKind",
    "Write",
    "body_of",
    "done",
    "kind_of",
]
