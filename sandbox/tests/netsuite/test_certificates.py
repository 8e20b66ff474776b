"""The certificate rotation endpoint, and what an administrator, time and a refresh do to certificates."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from apbridge_sandbox.certificates import PrivateKey, create_key, self_signed
from apbridge_sandbox.testing import Running, running
from tests.netsuite.signed_in import SUITEQL, SignedInNetSuite, error_of

FIELDS = {"certificate_id", "valid_from", "valid_until", "algorithm", "invalidated"}


@pytest.fixture
def path(netsuite: SignedInNetSuite) -> str:
    client = netsuite.sandbox.credentials["NETSUITE_CLIENT_ID"]
    return f"/services/rest/auth/oauth2/v1/clients/{client}/certificates"


@pytest.fixture
def netsuite(sandbox: Running) -> Any:  # noqa: ANN401
    """One that signs in with an integration of its own, so that other tests keep theirs."""
    with SignedInNetSuite(sandbox) as first:
        key = create_key()
        mapped = sandbox.control("/control/netsuite/map-certificate", {"pem": self_signed(key)})
        renamed = {
            "NETSUITE_CLIENT_ID": mapped["client_id"],
            "NETSUITE_CERTIFICATE_ID": mapped["certificate_id"],
        }
        own = Running(**{**vars(sandbox), "credentials": {**sandbox.credentials, **renamed}})
        first.sandbox, first.key = own, _pem(key)
        first.sign_in()
        yield first


def _pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _body(key: PrivateKey | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"fileContent": self_signed(key or create_key(), **options), "role": 1000, "entity": "-5"}


def _signs_in(
    netsuite: SignedInNetSuite, key: PrivateKey, certificate_id: str, algorithm: str = "ES256"
) -> requests.Response:
    assertion = netsuite.assertion(key=_pem(key), algorithm=algorithm, header={"kid": certificate_id})
    return netsuite.ask_token(assertion)


def test_a_rotation(netsuite: SignedInNetSuite, path: str):
    (old,) = netsuite.get(path).json()
    assert set(old) == FIELDS
    assert old["certificate_id"] == netsuite.sandbox.credentials["NETSUITE_CERTIFICATE_ID"]
    key = generate_private_key(SECP384R1())
    answer = netsuite.post(path, json=_body(key))
    assert answer.status_code == 200
    new = answer.json()
    assert (set(new), new["algorithm"], new["invalidated"]) == (FIELDS, "EC", False)
    ends = datetime.fromisoformat(new["valid_until"].replace("Z", "+00:00"))
    assert timedelta(days=729) < ends - datetime.now(timezone.utc) <= timedelta(days=730)
    assert _signs_in(netsuite, key, new["certificate_id"], "ES384").ok

    revoked = netsuite.post(f"{path}/{old['certificate_id']}/revoke").json()
    assert revoked == {**old, "invalidated": True}
    assert netsuite.ask_token().json() == {"error": "invalid_client"}
    assert {each["certificate_id"]: each["invalidated"] for each in netsuite.get(path).json()} == {
        old["certificate_id"]: True,
        new["certificate_id"]: False,
    }


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"fileContent": "no certificate"}, "fileContent"),
        ({"fileContent": None}, "fileContent"),
        ({"fileContent": self_signed(create_key()) * 2}, "fileContent"),
        ({"fileContent": self_signed(create_key()) + _pem(create_key())}, "fileContent"),
        ({"fileContent": self_signed(generate_rsa_key(65537, 2048))}, "fileContent"),
        ({"fileContent": self_signed(create_key(), lasts=timedelta(days=731))}, "fileContent"),
        (
            {
                "fileContent": self_signed(
                    create_key(), begins=datetime(2025, 1, 1, tzinfo=timezone.utc), lasts=timedelta(days=30)
                )
            },
            "fileContent",
        ),
        ({"role": 12}, "role"),
        ({"role": None}, "role"),
        ({"entity": True}, "entity"),
        ({"certificate": "x"}, "certificate"),
    ],
)
def test_what_is_refused(netsuite: SignedInNetSuite, path: str, change: dict[str, Any], where: str):
    error = error_of(netsuite.post(path, json=_body() | change))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", where)
    assert len(netsuite.get(path).json()) == 1


def test_five_may_be_active_and_none_twice(netsuite: SignedInNetSuite, path: str):
    bodies = [_body() for _ in range(4)]
    ids = [netsuite.post(path, json=body).json()["certificate_id"] for body in bodies]
    assert "already 5 active" in error_of(netsuite.post(path, json=_body()))["detail"]
    assert netsuite.post(f"{path}/{ids[0]}/revoke").ok
    assert "already in use" in error_of(netsuite.post(path, json=bodies[1]))["detail"]
    assert netsuite.post(path, json=bodies[0]).ok


def test_who_may(netsuite: SignedInNetSuite, path: str, sandbox: Running):
    assert netsuite.post(path, json=_body() | {"entity": "12"}).status_code == 403
    assert netsuite.get(path.replace("clients/", "clients/x")).status_code == 404
    assert netsuite.post(f"{path}/unknown/revoke").status_code == 404
    missing = "Setup -> Manage Own OAuth 2.0 Client Credentials Certificates"
    sandbox.control("/control/switches", {"netsuite.missing_permissions": missing})
    assert error_of(netsuite.get(path))["o:errorCode"] == "INSUFFICIENT_PERMISSION"
    sandbox.control("/control/switches", method="DELETE")
    netsuite.sign_in(["restlets"])
    assert netsuite.get(path).status_code == 401


def test_what_is_not_known(netsuite: SignedInNetSuite, path: str, sandbox: Running):
    sandbox.control(
        "/control/switches",
        {
            "netsuite.certificate_list": "items",
            "netsuite.certificate_times": "seconds",
            "netsuite.certificate_answers": "created",
            "netsuite.certificate_refusal": "oauth",
            "netsuite.certificate_too_long": "shortens",
        },
    )
    (known,) = netsuite.get(path).json()["items"]
    assert isinstance(known["valid_until"], int)
    answer = netsuite.post(path, json=_body(lasts=timedelta(days=900)))
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["valid_until"] - shown["valid_from"] == 730 * 86400
    assert netsuite.post(path, json=_body() | {"role": 5}).json() == {"error": "invalid_request"}
    sandbox.control("/control/switches", {"netsuite.certificate_answers": "empty"})
    answer = netsuite.post(f"{path}/{shown['certificate_id']}/revoke")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_certificate_expires(netsuite: SignedInNetSuite, path: str, sandbox: Running):
    certificate = netsuite.sandbox.credentials["NETSUITE_CERTIFICATE_ID"]
    order = {"certificate_id": certificate, "in_days": 20}
    ends = sandbox.control("/control/netsuite/expire-certificate", order)["valid_until"]
    assert netsuite.get(path).json()[0]["valid_until"] == ends
    assert netsuite.ask_token().ok
    sandbox.control("/control/netsuite/expire-certificate", order | {"in_days": -1})
    assert netsuite.ask_token().json() == {"error": "invalid_client"}
    # What was granted before lasts its hour.
    assert netsuite.get(path).status_code == 200
    assert SignedInNetSuite(sandbox).get(path).ok


def test_a_refresh_clears_mappings_and_keeps_the_integration():
    with running() as sandbox, SignedInNetSuite(sandbox) as netsuite:
        assert sandbox.control("/control/netsuite/refresh") == {"mappings_cleared": 1}
        assert netsuite.post(SUITEQL, json={"q": "SELECT 1 FROM dual"}).status_code == 401
        answer = netsuite.ask_token()
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})
        key = create_key()
        order = {"pem": self_signed(key), "client_id": sandbox.credentials["NETSUITE_CLIENT_ID"]}
        again = sandbox.control("/control/netsuite/map-certificate", order)
        assert again["client_id"] == order["client_id"]
        assert _signs_in(netsuite, key, again["certificate_id"]).ok
