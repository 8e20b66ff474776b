"""The governed session: every call to NetSuite or AvidXchange goes through one."""

from apbridge.http.bearer import BearerToken, Granted, Unsigned, classify_sign_in
from apbridge.http.call import Call, Idempotency
from apbridge.http.classifier import (
    NOT_JSON,
    Answer,
    AnswerKind,
    AnswerWatch,
    ResponseClassifier,
    body_of,
    done,
    kind_of,
    unwatched,
)
from apbridge.http.places import SharedPlaces, places_at
from apbridge.http.plain_requests import proxies_to
from apbridge.http.session import GovernedSession, Signer

__all__ = [
    "NOT_JSON",
    "Answer",
    "AnswerKind",
    "AnswerWatch",
    "BearerToken",
    "Call",
    "GovernedSession",
    "Granted",
    "Idempotency",
    "ResponseClassifier",
    "SharedPlaces",
    "Signer",
    "Unsigned",
    "body_of",
    "classify_sign_in",
    "done",
    "kind_of",
    "places_at",
    "proxies_to",
    "unwatched",
]
