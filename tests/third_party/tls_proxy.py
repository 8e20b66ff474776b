"""NetSuite's own host names, led to the sandbox: so that a client that knows no others runs as it is.

A client is told of it from outside alone, by the environment: a proxy for https, and whose certificates to
trust. What it sends to `<account>.suitetalk.api.netsuite.com` arrives over TLS, under that name, at the
sandbox. Any other host is refused: nothing leaves this machine.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DOMAINS = ("suitetalk.api.netsuite.com", "restlets.api.netsuite.com")
_CHUNK = 65536


@contextmanager
def https_proxy(upstream: str, account: str, folder: Path) -> Iterator[dict[str, str]]:
    """Open the door to a sandbox, and yield the environment that leads a client through it.

    Args:
        upstream: Host and port of the sandbox.
        account: As host names have it, such as `1234567-sb1`.
        folder: Where the certificates are written.
    """
    hosts = [f"{account}.{domain}" for domain in _DOMAINS]
    authority, chain = _certificates(hosts, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _thread(_serve, listener, context, frozenset(hosts), upstream)
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        trusted = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(authority))
        yield {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": "", **trusted}
        # Wakes the thread that waits for the next call.
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, context: ssl.SSLContext, hosts: frozenset[str], upstream: str) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            _thread(_let_in, client, context, hosts, upstream)


def _let_in(client: socket.socket, context: ssl.SSLContext, hosts: frozenset[str], upstream: str) -> None:
    """Take a CONNECT, speak TLS under the name that it asks for, and pass on what comes."""
    with client, suppress(OSError):
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += client.recv(_CHUNK) or b"\r\n\r\n"
        method, target, *_ = [*asked.split(b" ", 2), b""]
        if method != b"CONNECT" or target.decode("latin-1").removesuffix(":443") not in hosts:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        host, _, port = upstream.rpartition(":")
        with (
            context.wrap_socket(client, server_side=True) as inside,
            socket.create_connection((host, int(port))) as sandbox,
        ):
            back = _thread(_pass_on, sandbox, inside)
            _pass_on(inside, sandbox)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(_CHUNK):
            target.sendall(received)
    # Either side's end is the other's.
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _thread(target: object, *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def _certificates(hosts: list[str], folder: Path) -> tuple[Path, Path]:
    """Write an authority's certificate, and the hosts' own with its key."""
    authority_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The sandbox by TLS")])
    identified = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = (
        _builder(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identified, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identified)
    server = (
        _builder(subject, issuer, key)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issued_by, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    trusted, chain = folder / "authority.pem", folder / "hosts.pem"
    trusted.write_bytes(authority.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain.write_bytes(server.public_bytes(Encoding.PEM) + private)
    return trusted, chain


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
