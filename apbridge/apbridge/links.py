"""The links file: which records of NetSuite are which that AvidXchange had before us.

People decide it, by `apbridge vendors apply` and `apbridge codes apply`. Where AvidXchange keeps our external
ids on such records, the file says what was decided; where it cannot, only the file knows it. So it belongs
under version control.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from apbridge.declared_file import MalformedFileError, UnreadableFileError, from_csv, text_of
from apbridge.errors import SettingError
from apbridge.files import replace
from apbridge.printable import from_a_cell, in_a_cell
from apbridge.schemas.identifiers import EXTERNAL_ID, netsuite_id

LINKS = "links"
"""The setting that names the file."""

DEFAULT_FILE = "links.csv"

_NEEDED = ("stream", "external_id", "kept")
_LARGE_NUMBER = re.compile(r"\d+([.,]\d+)?[eE]\+?\d+")

SENT_FOR = "sent_for"
"""The fact that keeps which record of AvidXchange a document's vendor was, by the vendor's external id."""

WAS = "was"
"""The fact that keeps which record of AvidXchange a vendor was before it became the one that it is."""


class LinkKind(str, Enum):
    """What a person decided about a record of NetSuite, and where that is kept."""

    THERE = "there"
    """AvidXchange's record has our external id."""
    HERE = "here"
    """AvidXchange's record can be given no external id of ours: only this file knows which one it is."""
    NEW = "new"
    """AvidXchange has no such record: it is made."""


class RecordLink(NamedTuple):
    """One decision.

    Args:
        stream: Of the record in NetSuite.
        external_id: Its external id.
        kept: What was decided, and where that is kept.
        remote_id: AvidXchange's own id of the record that it is; empty for a new one.
        before: The external id that AvidXchange's record had before; empty where it had none.
        name: In NetSuite, for whoever reads the file.
        remote_name: In AvidXchange.
        decided_by: Who.
        decided_at: When, in UTC.
    """

    stream: str
    external_id: str
    kept: LinkKind
    remote_id: str = ""
    before: str = ""
    name: str = ""
    remote_name: str = ""
    decided_by: str = ""
    decided_at: str = ""


class Links:
    """What a links file says.

    Args:
        file: Its name.
        links: Its rows.
    """

    def __init__(self, file: str, links: Iterable[RecordLink] = ()) -> None:
        self.file = file
        self._links = {(one.stream, one.external_id): one for one in links}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Links:
        """Read the file that a plugin's settings name; what is not there says nothing.

        Raises:
            SettingError: It cannot be read or is not valid; it says in which line.
        """
        return cls.load(str(config.get(LINKS) or DEFAULT_FILE))

    @classmethod
    def load(cls, file: str) -> Links:
        """Read a file; as `from_config`."""
        if not Path(file).expanduser().exists():
            return cls(file)
        try:
            declared = from_csv(text_of(file), needs=_NEEDED)
        except UnreadableFileError as failure:
            raise SettingError("APB-VND-010", file=file, problem=failure) from failure
        except MalformedFileError as failure:
            raise SettingError("APB-VND-011", file=file, line=failure.line, problem=failure.says) from failure
        found: dict[tuple[str, str], RecordLink] = {}
        taken: dict[tuple[str, str, str], str] = {}
        for row, cells in enumerate(declared.value or ()):
            values: dict[str, Any] = {name: from_a_cell(cell) for name, cell in cells.items()}
            problem = _problem(values)
            link = None if problem else RecordLink(**{**values, "kept": LinkKind(values["kept"])})
            if link is not None:
                account = _account(link.external_id)
                owner = taken.setdefault((link.stream, account, link.remote_id), link.external_id)
                if (link.stream, link.external_id) in found:
                    problem = f"{link.external_id} is there twice"
                elif link.remote_id and owner != link.external_id:
                    problem = f"record {link.remote_id} is linked to {owner} already"
            if link is None or problem:
                line = declared.line((row,))
                raise SettingError("APB-VND-011", file=file, line=line, problem=problem)
            found[link.stream, link.external_id] = link
        return cls(file, found.values())

    def __iter__(self) -> Iterator[RecordLink]:
        """Yield every link, in the order of the file."""
        return iter(sorted(self._links.values()))

    @property
    def mark(self) -> str:
        """What tells this file from others, and from what it was before; empty where it says nothing."""
        said = repr([tuple(map(str, one)) for one in self])
        return hashlib.sha256(said.encode()).hexdigest()[:16] if self._links else ""

    def require_newest(self, marks: Sequence[str]) -> None:
        """Check that no newer one was known: what that one links would be created once more.

        Args:
            marks: Of those that were known, the newest last.

        Raises:
            SettingError: It is an earlier one, or there is none and there was one.
        """
        if marks and self.mark != marks[-1] and (self.mark in marks or not self._links):
            says = "an earlier one" if self._links else "not there, or says nothing"
            raise SettingError("APB-VND-026", file=self.file, found=says)

    def get(self, stream: str, external_id: str) -> RecordLink | None:
        """Return what was decided about a record; None where nothing was."""
        return self._links.get((stream, external_id))

    def own_id(self, stream: str, external_id: str) -> str | None:
        """Return AvidXchange's own id of a record that can be given no external id of ours."""
        found = self.get(stream, external_id)
        return found.remote_id if found and found.kept is LinkKind.HERE else None

    def own_ids(self, stream: str) -> set[str]:
        """Return AvidXchange's own ids of a stream's records that can be given no external id of ours."""
        of = (one for one in self._links.values() if one.stream == stream)
        return {one.remote_id for one in of if one.kept is LinkKind.HERE}

    def owner(self, stream: str, remote_id: str, like: str) -> RecordLink | None:
        """Return the link to one of AvidXchange's records; None where it has none.

        Args:
            stream: The record's.
            remote_id: AvidXchange's own id of it.
            like: An external id of the same NetSuite account. Another one, such as its copy for tests, has
                another company in AvidXchange, whose ids may be the same.
        """
        asked = (stream, remote_id, _account(like))
        of = ((one.stream, one.remote_id, _account(one.external_id)) for one in self._links.values())
        return next((one for one, key in zip(self._links.values(), of, strict=True) if key == asked), None)

    def put(self, link: RecordLink) -> None:
        """Write a link into the file.

        Raises:
            UnavailableError: The file cannot be written.
        """
        self._save({**self._links, (link.stream, link.external_id): link})

    def remove(self, link: RecordLink) -> None:
        """Take a link out of the file.

        Raises:
            UnavailableError: As `put`.
        """
        key = (link.stream, link.external_id)
        self._save({name: one for name, one in self._links.items() if name != key})

    def _save(self, links: dict[tuple[str, str], RecordLink]) -> None:
        told = io.StringIO()
        written = csv.writer(told, lineterminator="\n")
        written.writerow(RecordLink._fields)
        written.writerows([in_a_cell(cell) for cell in one] for one in sorted(links.values()))
        replace(Path(self.file).expanduser(), told.getvalue().encode())
        self._links = links


def _account(external_id: str) -> str:
    found = netsuite_id(external_id)
    return found.account if found else ""


def is_large_number(own_id: str) -> bool:
    """Return whether a spreadsheet has written an id as it writes large numbers, so that it is lost."""
    return bool(_LARGE_NUMBER.fullmatch(own_id))


def _problem(values: Mapping[str, str]) -> str:
    if unknown := [name for name in values if name not in RecordLink._fields]:
        return f"there is no column {unknown[0]}; there are {', '.join(RecordLink._fields)}"
    if missing := [name for name in _NEEDED if not values.get(name)]:
        return f"it has no {missing[0]}"
    if values["kept"] not in {one.value for one in LinkKind}:
        return f"kept is {values['kept']}, and not one of {', '.join(one.value for one in LinkKind)}"
    if not EXTERNAL_ID.fullmatch(values["external_id"]):
        return "its external_id is none"
    own_id = values.get("remote_id", "")
    if (values["kept"] == LinkKind.NEW.value) == bool(own_id):
        return "remote_id must be there for a link, and only then"
    return f"remote_id is {own_id}: a spreadsheet has made a number of it" if is_large_number(own_id) else ""
