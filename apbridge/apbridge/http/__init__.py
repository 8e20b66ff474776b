"""The governed session: every call to NetSuite or AvidXchange goes through one."""

from apbridge.http.bearer import BearerToken, Granted, Unsigned, judge_sign_in
from apbridge.http.call import Call, Write
from apbridge.http.judge import NOT_JSON, Judge, Verdict, VerdictKind, body_of, done, kind_of
from apbridge.http.session import GovernedSession, Signer

__all__ = [
    "NOT_JSON",
    "BearerToken",
    "Call",
    "GovernedSession",
    "Granted",
    "Judge",
    "Signer",
    "Unsigned",
    "Verdict",
    "VerdictKind",
    "Write",
    "body_of",
    "done",
    "judge_sign_in",
    "kind_of",
]
