"""The spool in an object store, over HTTP: what is written is seen elsewhere, and few calls are made."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import util

import pytest
import s3fs

from apbridge import object_stores, settings, spool
from apbridge.errors import RejectedError, SettingError, UnavailableError
from tests.object_stores import new_bucket

PDF = b"%PDF-1.7 an invoice"
HASH = hashlib.sha256(PDF).hexdigest()
MISSED = spool.Wanted(HASH, "77", "12")


@pytest.fixture
def url() -> str:
    return f"{new_bucket()}/acme"


def files(url: str) -> list[str]:
    found: list[str] = s3fs.S3FileSystem(skip_instance_cache=True).find(url)
    return [file.partition("/")[2] for file in found]


def elsewhere(url: str, *calls: str) -> str:
    """Do something with a spool in a process of another machine; return what that gives."""
    made = f"from apbridge import spool; url, image = {url!r}, spool.{MISSED!r}"
    script = "\n".join((made, *(f"print({call})" for call in calls)))
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is asked of the store from now on."""
    found: list[str] = []
    call = s3fs.S3FileSystem._call_s3

    def noting(self: s3fs.S3FileSystem, method: str, *arguments: object, **more: object) -> object:
        found.append(method)
        return call(self, method, *arguments, **more)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", noting)
    return found


@pytest.mark.parametrize("content", [PDF, b""], ids=["an image", "nothing"])
def test_an_image_comes_back_with_one_call_each_way(url: str, content: bytes, asked: list[str]):
    image = spool.put(url, content)
    assert image.uri == f"{url}/{image.sha256[:2]}/{image.sha256}"
    assert asked == ["put_object"]
    assert spool.read(url, image.sha256, len(content)) == content
    assert asked[1:] == ["get_object"] * bool(content)
    del asked[:]
    assert spool.find(url, image.sha256, len(content)) == image
    assert spool.find(url, image.sha256, len(content) + 1) is None
    assert asked == ["head_object"] * 2
    assert files(url) == [f"acme/{image.sha256[:2]}/{image.sha256}"], "nothing is left beside it"


def test_another_process_sees_what_was_just_written_and_removed(url: str):
    another = spool.Wanted(hashlib.sha256(b"").hexdigest(), "78", "13")
    assert list(spool.wanted(url, "netsuite-1")) == []
    assert spool.want(url, another, "netsuite-1")
    assert list(spool.wanted(url, "netsuite-1")) == [another]
    with pytest.raises(RejectedError, match="is not in the spool"):
        spool.read(url, HASH, len(PDF))
    elsewhere(url, f"spool.put(url, {PDF!r})", "spool.want(url, image, 'netsuite-1')")
    assert set(spool.wanted(url, "netsuite-1")) == {another, MISSED}
    assert spool.find(url, HASH, len(PDF)) is None, "what was damaged is removed"
    spool.put(url, PDF)
    for settled in (another, MISSED):
        spool.settle(url, settled, "netsuite-1")
    found = f"spool.find(url, image.sha256, {len(PDF)}) is not None"
    assert elsewhere(url, "list(spool.wanted(url, 'netsuite-1'))", found) == "[]\nTrue\n"
    assert spool.read(url, HASH, len(PDF)) == PDF


def test_what_is_missed_in_an_empty_store_is_asked_for(url: str):
    assert spool.want(url, MISSED, "netsuite-1")
    assert list(spool.wanted(url, "netsuite-1")) == [MISSED]
    for _ in range(2):
        spool.settle(url, MISSED, "netsuite-1")


def test_notes_are_kept(url: str):
    spool.note(url, "fetched/1/2.json", b"{}")
    assert spool.noted(url, "fetched/1/2.json") == b"{}"
    with pytest.raises(FileNotFoundError):
        spool.noted(url, "fetched/1/3.json")


@pytest.mark.parametrize("content", [b"x" * 99, b""], ids=["others", "none"])
def test_an_image_of_other_bytes_is_damaged_and_written_anew(url: str, content: bytes):
    spool.put(url, PDF)
    s3fs.S3FileSystem(skip_instance_cache=True).pipe_file(f"{url}/{HASH[:2]}/{HASH}", content)
    with pytest.raises(RejectedError, match="damaged"):
        spool.read(url, HASH, len(PDF))
    spool.put(url, PDF)
    assert spool.read(url, HASH, len(PDF)) == PDF


def test_a_bucket_that_is_not_there_is_not_made(url: str):
    nowhere = f"{url.partition('/acme')[0]}-elsewhere/acme"
    with pytest.raises(UnavailableError, match="APB-SPL-004"):
        spool.put(nowhere, PDF)
    with pytest.raises(UnavailableError, match="bucket does not exist"):
        spool.note(nowhere, "fetched/1/2.json", b"{}")
    assert not spool.want(nowhere, MISSED, "netsuite-1")


@pytest.fixture
def _forgotten() -> Iterator[None]:
    """Speak to no store that was spoken to before, and leave none to later tests."""
    spool._store.cache_clear()
    s3fs.S3FileSystem.clear_instance_cache()
    yield
    spool._store.cache_clear()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.usefixtures("_forgotten")
def test_a_store_that_is_not_there_fails_the_run_and_rejects_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "spool")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "spool")
    for does in (
        lambda: spool.read("s3://nobody", HASH, len(PDF)),
        lambda: spool.find("s3://nobody", HASH, len(PDF)),
        lambda: spool.put("s3://nobody", PDF),
        lambda: list(spool.wanted("s3://nobody", "netsuite-1")),
    ):
        with pytest.raises(UnavailableError, match="Could not connect"):
            does()


@pytest.mark.parametrize(
    ("scheme", "module", "extra"),
    [("s3", "s3fs", "s3"), ("gs", "gcsfs", "gcs"), ("abfs", "adlfs", "abfs"), ("az", "adlfs", "abfs")],
)
def test_what_a_store_needs_is_named_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, scheme: str, module: str, extra: str
):
    monkeypatch.setattr(object_stores, "find_spec", lambda name: None if name == module else util)
    with pytest.raises(SettingError, match=rf"needs {module}.*apbridge\[{extra}\]") as raised:
        settings.usable_spool({"spool_url": f"{scheme}://key:secret@bucket/spool"})
    assert "secret" not in str(raised.value)
    assert settings.usable_spool({"spool_url": "spool"}) == "spool"


def test_the_variables_of_a_test_end_with_it():
    assert "AWS_ENDPOINT_URL" not in os.environ
