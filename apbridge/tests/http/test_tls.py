"""A governed session talks to nobody whose certificate does not hold, and sends such a server nothing."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from apbridge.errors import UnavailableError
from apbridge.http import Call, Idempotency
from apbridge.wire import watched

if TYPE_CHECKING:
    from apbridge.http import GovernedSession
    from tests.conftest import AnswerScript

READ = Call("GET", "/bills", "read bills")
POST = Call("POST", "/payments", "post a payment", Idempotency.ONCE, json={})
NOW = datetime.now(timezone.utc)
YEAR = timedelta(days=365)


@dataclass
class Secure:
    """An https server, and what reached it."""

    url: str
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Issuer:
    """Issues certificates, and is trusted where its own is."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls) -> Issuer:
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _certificate(key, key, "issuer", x509.BasicConstraints(ca=True, path_length=None)))

    def issue(self, folder: Path, *, host: str = "127.0.0.1", days: int = 365, is_own: bool = False) -> Path:
        """Write a server's key and certificate into one file.

        Args:
            folder: Where to.
            host: The address that it is for.
            days: From now until its end.
            is_own: Whether the server has signed it itself.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        signer = key if is_own else self.key
        issuer = "server" if is_own else "issuer"
        made = _certificate(key, signer, "server", name, issuer=issuer, ends=NOW + timedelta(days=days))
        file = folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + made.public_bytes(Encoding.PEM))
        return file


def _certificate(  # noqa: PLR0917 - a certificate has as many parts
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    subject: str,
    extension: x509.ExtensionType,
    issuer: str = "issuer",
    ends: datetime = NOW + YEAR,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - YEAR)
        .not_valid_after(ends)
        .add_extension(extension, critical=False)
        .sign(signer, hashes.SHA256())
    )


@pytest.fixture(autouse=True)
def _no_bundle_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # One that the environment names would be taken whatever the session says.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """One that this machine trusts, and nobody besides."""
    made = Issuer.new()
    bundle = tmp_path / "trusted.pem"
    bundle.write_bytes(made.certificate.public_bytes(Encoding.PEM))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(bundle))
    return made


@pytest.fixture
def serving() -> Iterator[Callable[[Path], Secure]]:
    """Serve with a key and its certificate."""
    with ExitStack() as servers:

        def serve(file: Path) -> Secure:
            secure = Secure("")

            class Answers(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    secure.asked.append(self.headers["Authorization"])
                    self.send_response(200)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"{}")

                def log_message(self, *_: object) -> None:
                    pass

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            server = servers.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Answers))
            server.daemon_threads = True
            server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client hangs up at once
            # The handshake is a thread's of its own, so that a client that ends it ends nothing else.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            servers.callback(thread.join)
            servers.callback(server.shutdown)
            secure.url = f"https://127.0.0.1:{server.server_address[1]}"
            return secure

        yield serve


def test_a_certificate_that_holds_is_taken(
    issuer: Issuer,
    serving: Callable[[Path], Secure],
    session_to: Callable[..., GovernedSession],
    tmp_path: Path,
):
    secure = serving(issuer.issue(tmp_path))
    assert session_to(secure.url, give_up_after=0.0).ask(READ) == {}
    assert secure.asked == ["Bearer t1"]


@pytest.mark.parametrize(
    "wrong",
    [{"is_own": True}, {"days": -1}, {"host": "127.0.0.2"}],
    ids=["self-signed", "expired", "of another host"],
)
def test_one_that_does_not_hold_is_not_and_nothing_is_sent(
    issuer: Issuer,
    serving: Callable[[Path], Secure],
    session_to: Callable[..., GovernedSession],
    tmp_path: Path,
    wrong: dict[str, object],
):
    secure = serving(issuer.issue(tmp_path, **wrong))  # type: ignore[arg-type]
    with pytest.raises(UnavailableError, match=r"no secure connection.*or this machine's clock is wrong"):
        session_to(secure.url, give_up_after=0.0).ask(READ)
    with watched() as wire, pytest.raises(UnavailableError):
        session_to(secure.url, give_up_after=0.0).ask(POST)
    assert wire.is_clear, "a payment that was never sent is not in doubt"
    assert secure.asked == []


def test_one_of_an_issuer_that_is_not_trusted_is_not(
    serving: Callable[[Path], Secure], session_to: Callable[..., GovernedSession], tmp_path: Path
):
    secure = serving(Issuer.new().issue(tmp_path))
    with pytest.raises(UnavailableError, match="no secure connection"):
        session_to(secure.url, give_up_after=0.0).ask(READ)
    assert secure.asked == []


@pytest.mark.usefixtures("issuer")
def test_loopback_without_tls_needs_no_certificate(
    script: AnswerScript, session_to: Callable[..., GovernedSession]
):
    script.then(200, {})
    assert session_to(script.url, give_up_after=0.0).ask(READ) == {}
