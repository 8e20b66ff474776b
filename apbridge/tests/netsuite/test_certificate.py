"""A certificate's end is said in time, and one that cannot sign in is said before any call."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from apbridge.errors import SettingError
from apbridge.netsuite import Certificate, NetSuiteSettings, remind
from apbridge.netsuite.certificate import MILESTONES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=timezone.utc)


def certificate(private_pem: str, ends: datetime, begins: datetime | None = None) -> str:
    key: Any = serialization.load_pem_private_key(private_pem.encode(), password=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "apbridge")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins or ends - timedelta(days=700))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def ending_in(config: dict[str, Any], **left: float) -> str:
    return certificate(config["private_key"], datetime.now(timezone.utc) + timedelta(**left))


@pytest.mark.parametrize(
    ("left", "days", "milestone"),
    [
        (timedelta(days=61), 61, None),
        (timedelta(days=61, seconds=-1), 60, 60),
        (timedelta(days=31), 31, 60),
        (timedelta(days=30), 30, 30),
        (timedelta(days=14), 14, 14),
        (timedelta(days=7), 7, 7),
        (timedelta(hours=1), 0, 7),
        (timedelta(seconds=-1), -1, 7),
    ],
)
def test_its_end_is_said_from_sixty_days_on(
    config: dict[str, Any], left: timedelta, days: int, milestone: int | None
):
    found = Certificate.from_pem(certificate(config["private_key"], NOW + left))
    assert (found.days_left(NOW), found.milestone(NOW)) == (days, milestone)
    reminder = found.reminder(NOW)
    if milestone is None:
        assert reminder is None
    else:
        assert f"expires on {(NOW + left).date()}, in {max(days, 0)} days" in (reminder or "")
    assert MILESTONES == (60, 30, 14, 7)


def test_an_expired_one_is_said_before_any_call(config: dict[str, Any]):
    with pytest.raises(SettingError, match="expired on") as caught:
        NetSuiteSettings.from_config({**config, "certificate": ending_in(config, seconds=-5)})
    assert caught.value.code == "APB-NS-004"


def test_one_of_tomorrow_is_said_before_any_call(config: dict[str, Any]):
    begins = datetime.now(timezone.utc) + timedelta(days=1)
    pem = certificate(config["private_key"], begins + timedelta(days=9), begins)
    with pytest.raises(SettingError, match="not valid before") as caught:
        NetSuiteSettings.from_config({**config, "certificate": pem})
    assert caught.value.code == "APB-NS-005"


@pytest.mark.parametrize("kind", ["P-256", "RSA 3072"])
def test_one_of_another_key_is_said_before_any_call(
    config: dict[str, Any], pem: Callable[..., str], kind: str
):
    own = certificate(pem("P-384"), datetime.now(timezone.utc) + timedelta(days=90))
    with pytest.raises(SettingError, match="another private key") as caught:
        NetSuiteSettings.from_config({**config, "private_key": pem(kind), "certificate": own})
    assert caught.value.code == "APB-NS-003"


def test_it_may_lie_in_a_file_or_on_one_line(config: dict[str, Any], tmp_path: Path):
    pem = ending_in(config, days=90)
    file = tmp_path / "netsuite.crt"
    file.write_text(pem)
    for told in ({"certificate_path": str(file)}, {"certificate": pem.replace("\n", "\\n")}):
        found = NetSuiteSettings.from_config({**config, **told}).certificate
        assert found
        assert found.days_left() == 89
    assert NetSuiteSettings.from_config(config).certificate is None
    with pytest.raises(SettingError, match="No such file"):
        NetSuiteSettings.from_config({**config, "certificate_path": str(tmp_path / "none.crt")})


def test_what_is_no_certificate_is_told(config: dict[str, Any], pem: Callable[..., str]):
    for wrong in (pem("P-256"), "not a certificate", ending_in(config, days=9).replace("M", "N", 2)):
        with pytest.raises(SettingError, match="no PEM certificate") as caught:
            NetSuiteSettings.from_config({**config, "certificate": wrong})
        assert wrong[40:60] not in str(caught.value) or wrong == "not a certificate"


def test_nothing_is_said_of_none_and_of_one_that_lasts(
    config: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    logger = logging.getLogger("run")
    remind(None, logger)
    remind(Certificate.from_pem(ending_in(config, days=90)), logger)
    assert not caplog.records
    remind(Certificate.from_pem(ending_in(config, days=20, hours=1)), logger)
    (said,) = caplog.records
    assert said.levelname == "WARNING"
    assert "in 20 days" in said.getMessage()
