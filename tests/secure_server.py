"""An https server of this machine, with whatever certificate a test wants it to have."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NOW = datetime.now(timezone.utc)
YEAR = timedelta(days=365)

WRONG: dict[str, dict[str, object]] = {
    "self-signed": {"is_own": True},
    "expired": {"days": -1},
    "of another host": {"host": "127.0.0.2"},
}
"""Certificates that do not hold."""


@dataclass
class Secure:
    """A server, and what reached it: the Authorization of each call."""

    url: str
    asked: list[str | None] = field(default_factory=list)


@dataclass(frozen=True)
class Issuer:
    """Issues certificates, and is trusted where its own is."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls) -> Issuer:
        """Make one that nobody trusts yet."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _certificate(key, key, "issuer", x509.BasicConstraints(ca=True, path_length=None)))

    def trusted(self, folder: Path, patched: pytest.MonkeyPatch) -> Issuer:
        """Let this process trust it, and nobody besides."""
        bundle = folder / "trusted.pem"
        bundle.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        patched.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(bundle))
        return self

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


@contextmanager
def serving(file: Path, body: bytes = b"{}") -> Iterator[Secure]:
    """Serve with a key and its certificate, and answer every call with one body."""
    secure = Secure("")

    class Answers(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            secure.asked.append(self.headers["Authorization"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client hangs up at once
        # The handshake is a thread's of its own, so that a client that ends it ends nothing else.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        secure.url = f"https://127.0.0.1:{server.server_address[1]}"
        try:
            yield secure
        finally:
            server.shutdown()
            thread.join()


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
