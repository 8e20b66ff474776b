from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from errno import EEXIST, ENOTDIR
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apbridge import spool
from apbridge.errors import RejectedError, SettingError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

PDF = b"%PDF-1.7 an invoice"
HASH = hashlib.sha256(PDF).hexdigest()


def test_an_image_lies_under_its_hash(tmp_path: Path):
    image = spool.put(str(tmp_path / "spool"), PDF)
    assert (image.sha256, image.size) == (HASH, len(PDF))
    assert image.uri == f"file://{tmp_path}/spool/{HASH[:2]}/{HASH}"
    assert spool.read(str(tmp_path / "spool"), HASH, len(PDF)) == PDF
    assert [file.name for file in (tmp_path / "spool").rglob("*") if file.is_file()] == [HASH]


@given(st.binary())
@settings(max_examples=30, database=None)
def test_any_bytes_come_back_from_any_storage(content: bytes):
    image = spool.put("memory://spool", content)
    assert spool.read("memory://spool", image.sha256, image.size) == content


def test_a_relative_folder_is_found_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    spool.put(".apbridge/spool", PDF)
    monkeypatch.chdir("/")
    assert spool.read(str(tmp_path / ".apbridge/spool"), HASH, len(PDF)) == PDF


def test_the_same_image_is_written_once(tmp_path: Path):
    image = spool.put(str(tmp_path), PDF)
    file = tmp_path / HASH[:2] / HASH
    before = file.stat()
    assert spool.put(str(tmp_path), PDF) == image
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_many_may_write_the_same_image_at_once(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        images = set(pool.map(lambda _: spool.put(str(tmp_path), PDF), range(40)))
    assert len(images) == 1
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == [HASH]


def test_a_half_written_image_is_written_anew(tmp_path: Path):
    spool.put(str(tmp_path), PDF)
    (tmp_path / HASH[:2] / HASH).write_bytes(PDF[:4])
    with pytest.raises(RejectedError, match="damaged"):
        spool.read(str(tmp_path), HASH, len(PDF))
    spool.put(str(tmp_path), PDF)
    assert spool.read(str(tmp_path), HASH, len(PDF)) == PDF


def test_an_image_of_other_bytes_and_the_same_size_is_written_anew(tmp_path: Path):
    image = spool.put(str(tmp_path), PDF)
    (tmp_path / HASH[:2] / HASH).write_bytes(b"x" * len(PDF))
    assert spool.find(str(tmp_path), HASH, len(PDF)) == image
    spool.put(str(tmp_path), PDF)
    assert spool.read(str(tmp_path), HASH, len(PDF)) == PDF


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_what_is_wanted_is_heard_of_by_its_own_account_until_it_is_settled(tmp_path: Path, kind: str):
    url = str(tmp_path) if kind == "folder" else f"memory://{tmp_path.name}"
    spool.put(url, PDF)
    missed = spool.Wanted(HASH, "77", "12")
    assert spool.want(url, missed, "netsuite-1")
    assert spool.find(url, HASH, len(PDF)) is None
    assert spool.want(url, missed, "netsuite-1")
    assert list(spool.wanted(url, "netsuite-1")) == [missed]
    assert list(spool.wanted(url, "netsuite-2")) == []
    for _ in range(2):
        spool.settle(url, missed, "netsuite-1")
        assert list(spool.wanted(url, "netsuite-1")) == []


def test_word_that_cannot_be_read_is_passed_over(tmp_path: Path):
    spool.put(str(tmp_path), PDF)
    missed = spool.Wanted(HASH, "77", "12")
    spool.want(str(tmp_path), missed, "netsuite-1")
    (tmp_path / "wanted/netsuite-1/half.json").write_bytes(b'{"sha256": "')
    assert list(spool.wanted(str(tmp_path), "netsuite-1")) == [missed]


def test_a_kill_before_the_move_leaves_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.mv", killed)
    with pytest.raises(KeyboardInterrupt):
        spool.put(str(tmp_path), PDF)
    assert not (tmp_path / HASH[:2] / HASH).exists()


def _nothing(_: Path) -> None:
    pass


def _a_folder(path: Path) -> None:
    path.mkdir(parents=True)


@pytest.mark.parametrize("lies_there", [_nothing, _a_folder])
def test_what_is_not_there_rejects_one_record(tmp_path: Path, lies_there: Callable[[Path], None]):
    lies_there(tmp_path / HASH[:2] / HASH)
    with pytest.raises(RejectedError, match="not in the spool") as caught:
        spool.read(str(tmp_path), HASH, len(PDF))
    assert str(tmp_path.parent) not in str(caught.value)


def test_a_wrong_spool_url_is_a_setting():
    url = "nosuchthing://user:s3cret@bucket/key?sig=s3cret"
    for use in (lambda: spool.put(url, PDF), lambda: spool.read(url, HASH, len(PDF))):
        with pytest.raises(SettingError, match="spool_url") as caught:
            use()
        assert "s3cret" not in str(caught.value)


def test_a_spool_that_cannot_be_written_ends_the_run(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableError, match="spool") as caught:
        spool.put(str(tmp_path / "file"), PDF)
    # The system's own words, without the paths that it adds to them.
    assert caught.value.facts["problem"] in {os.strerror(EEXIST), os.strerror(ENOTDIR)}
