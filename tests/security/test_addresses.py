"""Where calls go: from this machine to itself through no proxy, and by no path to another host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from threading import Thread

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from apbridge.avidxchange import Profile
from apbridge.errors import SettingError
from apbridge.http import Call, GovernedSession, Unsigned, classify_sign_in
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.key_pair import KeyPair

TOKEN = b'{"access_token": "t1", "expires_in": 3600}'


class Listener:
    """A server that answers everything, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.asked.append((self.path, dict(self.headers)))
                self.send_response_only(200)
                self.send_header("Content-Length", str(len(TOKEN)))
                self.end_headers()
                self.wfile.write(TOKEN)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]


@pytest.fixture
def listeners() -> Iterator[tuple[Listener, Listener]]:
    """Two of them."""
    both = (Listener(), Listener())
    threads = [Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.02}) for one in both]
    for thread in threads:
        thread.start()
    yield both
    for one in both:
        one.server.shutdown()
        one.server.server_close()
    for thread in threads:
        thread.join()


def session_to(url: str) -> GovernedSession:
    signer = Unsigned({"Authorization": "Bearer s3cret"})
    return GovernedSession(
        "NetSuite", url, signer=signer, classify=classify_sign_in, concurrency=1, most_bytes=2**20
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_for_this_machine_is_sent_to_no_proxy(
    listeners: tuple[Listener, Listener], host: str, monkeypatch: pytest.MonkeyPatch
):
    system, proxy = listeners
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    session_to(f"http://{host}:{system.port}").send(Call("GET", "/bills", "read bills"))
    assert proxy.asked == []
    ((path, headers),) = system.asked
    assert (path, headers["Authorization"]) == ("/bills", "Bearer s3cret")
    # Else nothing would be shown: another host's calls do go there.
    assert requests.get("http://nowhere.invalid/", timeout=30).ok
    assert [path for path, _ in proxy.asked] == ["http://nowhere.invalid/"]


@pytest.mark.parametrize("path", ["@127.0.0.1:{port}/bills", "0/bills", "bills", ".example.com/", ""])
def test_a_path_leads_to_no_other_host(listeners: tuple[Listener, Listener], path: str):
    system, other = listeners
    with pytest.raises(SettingError, match="APB-HTTP-005"):
        session_to(f"http://127.0.0.1:{system.port}").send(
            Call("GET", path.format(port=other.port), "read bills")
        )
    assert (system.asked, other.asked) == ([], [])


@pytest.mark.parametrize("path", ["v1/vendors", "@example.com/v1/vendors", "https://example.com/v1/vendors"])
def test_a_path_in_a_profile_begins_with_a_slash(tmp_path: Path, path: str):
    shipped = (resources.files("apbridge.avidxchange") / "profiles/avidconnect.yaml").read_text("utf-8")
    (tmp_path / "ours.yaml").write_text(
        shipped.replace("path: /v1/vendors\n", f"path: '{path}'\n", 1), "utf-8"
    )
    assert "'" in (tmp_path / "ours.yaml").read_text("utf-8")
    with pytest.raises(SettingError, match=r"APB-AX-002.*|.*path.*does not match"):
        Profile.load(str(tmp_path / "ours.yaml"))


def test_a_certificate_of_an_unknown_kind_of_key_is_one_sentence():
    known = x509.load_pem_x509_certificate(KeyPair.make("ec", "1234567").certificate.encode())
    kind = bytes.fromhex("06072a8648ce3d0201")  # the name of elliptic curves' keys
    der = known.public_bytes(Encoding.DER)
    assert der.count(kind) == 1
    changed = x509.load_der_x509_certificate(der.replace(kind, kind[:-1] + b"\x7f"))
    with pytest.raises(SettingError, match="its key is of an unknown kind"):
        Certificate.from_pem(changed.public_bytes(Encoding.PEM).decode())
