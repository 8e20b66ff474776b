"""The governed session: every call to NetSuite or AvidXchange goes through one."""

from apbridge.http.call import Call, Write
from apbridge.http.judge import Judge, Verdict, VerdictKind, json_judge
from apbridge.http.session import GovernedSession, Signer

__all__ = [
    "Call",
    "GovernedSession",
    "Judge",
    "Signer",
    "Verdict",
    "VerdictKind",
    "Write",
    "json_judge",
]
