"""The token endpoint: what it grants, and that what is wrong is really refused."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from apbridge_sandbox.certificates import (
    create_integration,
    create_key,
    map_certificate,
    self_signed,
)
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import ASSERTION, RECORDS, SUITEQL, TOKEN, SignedInNetSuite, error_of
from tests.waiting import PATIENCE

REAL = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"


def _mapped(store: Store, client_id: str, key: Any, **validity: Any) -> str:  # noqa: ANN401
    with store.write() as conn:
        return map_certificate(conn, client_id, self_signed(key, **validity))


@pytest.fixture
def client_id(netsuite: SignedInNetSuite, store: Store) -> str:
    """The integration, with no other certificate than the credentials' own: five may be active."""
    credentials = netsuite.sandbox.credentials
    with store.write() as conn:
        own = (credentials["NETSUITE_CERTIFICATE_ID"],)
        conn.execute("DELETE FROM ns_certificate WHERE certificate_id <> ?", own)
    return credentials["NETSUITE_CLIENT_ID"]


def test_a_signed_assertion_gets_a_token(netsuite: SignedInNetSuite):
    answer = netsuite.ask_token()
    body = answer.json()
    assert (answer.status_code, body["expires_in"], body["token_type"]) == (200, 3600, "Bearer")
    assert set(body) == {"access_token", "expires_in", "token_type"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_may_be_described_in_texts(netsuite: SignedInNetSuite):
    netsuite.switch(token_style="text")
    body = netsuite.ask_token().json()
    assert (body["expires_in"], body["token_type"]) == ("3600", "bearer")


@pytest.mark.parametrize(
    "scope", ["rest_webservices", "rest_webservices restlets", ["restlets"], "restlets,rest_webservices"]
)
def test_scopes_come_as_a_list_or_a_text(netsuite: SignedInNetSuite, scope: object):
    assert netsuite.ask_token(netsuite.assertion(scope=scope)).ok


@pytest.mark.parametrize("audience", [REAL, [REAL, "other"]])
def test_the_real_host_is_an_audience(netsuite: SignedInNetSuite, audience: object):
    assert netsuite.ask_token(netsuite.assertion(aud=audience)).ok


@pytest.mark.parametrize(
    ("curve", "algorithm"), [(ec.SECP256R1, "ES256"), (ec.SECP384R1, "ES384"), (ec.SECP521R1, "ES512")]
)
def test_elliptic_keys_sign_with_the_algorithm_of_their_curve(
    netsuite: SignedInNetSuite, store: Store, client_id: str, curve: type[ec.EllipticCurve], algorithm: str
):
    key = ec.generate_private_key(curve())
    kid = _mapped(store, client_id, key)
    assert netsuite.ask_token(netsuite.assertion(key=key, algorithm=algorithm, header={"kid": kid})).ok


def test_rsa_keys_sign_with_pss_alone(netsuite: SignedInNetSuite, store: Store, client_id: str):
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    kid = _mapped(store, client_id, key)
    for algorithm in ("PS256", "PS384", "PS512"):
        assert netsuite.ask_token(netsuite.assertion(key=key, algorithm=algorithm, header={"kid": kid})).ok
    answer = netsuite.ask_token(netsuite.assertion(key=key, algorithm="RS256", header={"kid": kid}))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_a_certificate_that_netsuite_does_not_take_is_not_mapped(store: Store, client_id: str):
    small = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(ValueError, match="3072 or 4096"):
        _mapped(store, client_id, small)
    with pytest.raises(ValueError, match="two years"):
        _mapped(store, client_id, create_key(), lasts=timedelta(days=800))


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"scope": None}, "invalid_scope"),
        ({"scope": []}, "invalid_scope"),
        ({"scope": ["everything"]}, "invalid_scope"),
        ({"scope": 7}, "invalid_scope"),
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"aud": None}, "invalid_grant"),
        ({"exp": 0}, "invalid_grant"),
        ({"exp": None}, "invalid_request"),
        ({"iat": None}, "invalid_request"),
        ({"iss": None}, "invalid_request"),
    ],
)
def test_wrong_claims_are_refused(netsuite: SignedInNetSuite, claims: dict[str, Any], code: str):
    answer = netsuite.ask_token(netsuite.assertion(**claims))
    assert (answer.status_code, answer.json()) == (400, {"error": code})


def test_an_assertion_lasts_an_hour_at_most(netsuite: SignedInNetSuite):
    now = int(time.time())
    assert netsuite.ask_token(netsuite.assertion(iat=now, exp=now + 3600)).ok
    for begins, ends in ((now, now + 3601), (now - 600, now - 1), (now + 600, now + 900)):
        answer = netsuite.ask_token(netsuite.assertion(iat=begins, exp=ends))
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"client_assertion": None}, "invalid_request"),
        ({"client_assertion": "not.a.jwt"}, "invalid_request"),
    ],
)
def test_wrong_forms_are_refused(netsuite: SignedInNetSuite, form: dict[str, str], code: str):
    answer = netsuite.ask_token(**form)
    assert (answer.status_code, answer.json()) == (400, {"error": code})


def test_the_type_in_the_header_has_to_be_jwt(netsuite: SignedInNetSuite):
    answer = netsuite.ask_token(netsuite.assertion(header={"typ": "at+jwt"}))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_another_keys_signature_is_refused(netsuite: SignedInNetSuite):
    answer = netsuite.ask_token(netsuite.assertion(key=create_key()))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="1234567_SB1"'


def test_a_changed_claim_breaks_the_signature(netsuite: SignedInNetSuite):
    header, _, signature = netsuite.assertion().split(".")
    other = netsuite.assertion(scope=["suite_analytics"]).split(".")[1]
    answer = netsuite.ask_token(f"{header}.{other}.{signature}")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_an_unsigned_assertion_is_refused(netsuite: SignedInNetSuite):
    claims = jwt.decode(netsuite.assertion(), options={"verify_signature": False})
    kid = netsuite.sandbox.credentials["NETSUITE_CERTIFICATE_ID"]
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
    answer = netsuite.ask_token(unsigned)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(("mode", "status"), [("observed", 400), ("documented", 401)])
def test_an_unmapped_certificate_is_refused(netsuite: SignedInNetSuite, mode: str, status: int):
    netsuite.switch(sign_in_refusal=mode)
    answer = netsuite.ask_token(netsuite.assertion(header={"kid": "nobody"}))
    assert (answer.status_code, answer.json()) == (status, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("mode", "refusal"), [("observed", (500, "server_error")), ("documented", (401, "invalid_client"))]
)
def test_an_unknown_client_is_refused(netsuite: SignedInNetSuite, mode: str, refusal: tuple[int, str]):
    netsuite.switch(sign_in_refusal=mode)
    answer = netsuite.ask_token(netsuite.assertion(iss="f" * 64))
    assert (answer.status_code, answer.json()) == (refusal[0], {"error": refusal[1]})


def test_a_role_has_to_be_allowed_in(netsuite: SignedInNetSuite):
    netsuite.switch(missing_permissions="Setup -> REST Web Services")
    for answer in (netsuite.ask("SELECT 1 FROM dual"), netsuite.get(f"{RECORDS}/vendor/11")):
        assert (answer.status_code, error_of(answer)["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")
    assert netsuite.restlet({"action": "?"}).status_code not in {401, 403}
    netsuite.switch(missing_permissions="Setup -> Log in using OAuth 2.0 Access Tokens")
    assert netsuite.ask("SELECT 1 FROM dual").status_code == 401
    assert netsuite.restlet({"action": "?"}).status_code == 401


def test_the_form_of_a_sign_in(netsuite: SignedInNetSuite):
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": netsuite.assertion(),
    }
    sent = requests.post(
        netsuite.base + TOKEN, data=form, headers={"Content-Type": "text/plain"}, timeout=PATIENCE
    )
    assert (sent.status_code, sent.json()) == (400, {"error": "invalid_request"})


def test_a_certificate_counts_for_its_own_client_alone(netsuite: SignedInNetSuite, store: Store):
    with store.write() as conn:
        other = create_integration(conn, "another integration")
    answer = netsuite.ask_token(netsuite.assertion(iss=other))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


def test_a_certificate_counts_while_it_is_valid_and_not_revoked(
    netsuite: SignedInNetSuite, store: Store, client_id: str
):
    now = datetime.now(timezone.utc)
    key = create_key()
    expired = _mapped(store, client_id, key, begins=now - timedelta(days=2), lasts=timedelta(days=3))
    future = _mapped(store, client_id, key, begins=now + timedelta(days=1), lasts=timedelta(days=9))
    revoked = _mapped(store, client_id, key)
    assert netsuite.ask_token(netsuite.assertion(key=key, header={"kid": revoked})).ok
    with store.write() as conn:
        conn.execute("UPDATE ns_certificate SET revoked = 'T' WHERE certificate_id = ?", (revoked,))
        yesterday = stamp(now - timedelta(days=1))
        conn.execute(
            "UPDATE ns_certificate SET valid_until = ? WHERE certificate_id = ?", (yesterday, expired)
        )
    for kid in (expired, future, revoked):
        answer = netsuite.ask_token(netsuite.assertion(key=key, header={"kid": kid}))
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize(
    "authorization", [None, "Bearer nothing", "Bearer ", "Basic dXNlcjpwYXNz", "nonsense"]
)
@pytest.mark.parametrize(("method", "path"), [("POST", SUITEQL), ("GET", RECORDS + "/vendorPayment/1")])
def test_a_call_without_a_good_token_is_rejected(
    netsuite: SignedInNetSuite, authorization: str | None, method: str, path: str
):
    headers = {"Authorization": authorization} if authorization else {}
    answer = requests.request(method, netsuite.base + path, headers=headers, timeout=PATIENCE)
    error = error_of(answer)
    assert answer.status_code == 401
    assert answer.json()["title"] == "Unauthorized"
    assert (error["o:errorCode"], error["detail"][:22]) == ("INVALID_LOGIN", "Invalid login attempt.")
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="1234567_SB1", error="invalid_token", error_description="Invalid login attempt."'
    )


def test_a_token_ends_after_an_hour(netsuite: SignedInNetSuite, store: Store):
    assert netsuite.ask("SELECT id FROM currency").ok
    past = (datetime.now(timezone.utc) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with store.write() as conn:
        conn.execute("UPDATE ns_token SET expires_at = ?", (past,))
    assert netsuite.ask("SELECT id FROM currency").status_code == 401


def test_a_token_counts_for_its_scopes_alone(netsuite: SignedInNetSuite):
    netsuite.sign_in(["restlets"])
    assert netsuite.ask("SELECT id FROM currency").status_code == 401
    assert netsuite.restlet({"action": "version"}).ok
    netsuite.sign_in(["rest_webservices"])
    assert netsuite.ask("SELECT id FROM currency").ok
    answer = netsuite.restlet({"action": "version"})
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "INVALID_LOGIN_ATTEMPT", "message": "Invalid login attempt."}}
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_no_token_is_kept_in_clear(netsuite: SignedInNetSuite, store: Store):
    secret = str(netsuite.headers["Authorization"]).removeprefix("Bearer ")
    with store.connection() as conn:
        kept = [tuple(row) for row in conn.execute("SELECT * FROM ns_token")]
    assert kept
    assert not any(secret in map(str, row) for row in kept)
