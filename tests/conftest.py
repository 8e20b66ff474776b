"""One sandbox with a small company for the tests that only read, and others for those that write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.testing import Running, running
from tests.beginnings import Beginnings
from tests.inbound import Inbound


@pytest.fixture(scope="session")
def company() -> Iterator[Running]:
    """A company that nobody changes."""
    with running(vendors=40, bills=120) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> Beginnings:
    """What a company's first outbound run leaves, for tests that begin there."""
    return Beginnings(tmp_path_factory.mktemp("beginnings"))


@pytest.fixture(params=shipped())
def profile(request: pytest.FixtureRequest) -> str:
    """Each contract with AvidXchange that ships."""
    return str(request.param)


@pytest.fixture
def changing_company() -> Iterator[Running]:
    """A company of one test's own."""
    with running(vendors=20, bills=40) as sandbox:
        yield sandbox


@pytest.fixture
def inbound(tmp_path: Path) -> Iterator[Inbound]:
    """A company of the test's own. No log may hold a secret, nor tell of a fault of ours."""
    with running(vendors=7, bills=32) as sandbox:
        yield Inbound(sandbox, tmp_path)
        key = (sandbox.folder / "private_key.pem").read_text(encoding="utf-8").splitlines()[1]
        logs = "".join(log.read_text(encoding="utf-8") for log in tmp_path.glob("*/log"))
        secrets = [
            value
            for name, value in sandbox.credentials.items()
            if name.endswith(("_TOKEN", "_CLIENT_ID", "_CERTIFICATE_ID", "_PASSWORD", "_GATEWAY_KEY"))
        ]
        assert not [secret for secret in (key, "Bearer ", *secrets) if secret in logs]
        assert "Traceback" not in logs
        assert "APB-SNG-012" not in logs, "an unexpected exception"
