"""What a vendor types stays text in the mail that a notice becomes: sent to a real server on loopback."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge_operator.cli.notify import TOLD

from .receivers import Mailbox, mail_serving

Apbridge = Callable[..., Any]
TYPED = 'INV-1 <a href="https://evil.example">pay here</a><img src="https://evil.example/seen.png">'


class Shown(HTMLParser):
    """What a mail program shows of a page, and what it would load or let people press."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_serving() as found:
        yield found


@pytest.mark.parametrize(("asked", "parts"), [("", ["plain"]), ("&format=html", ["plain", "html"])])
def test_a_vendors_link_and_picture_are_text_in_every_part_of_the_mail(
    apbridge: Apbridge, mailbox: Mailbox, project: Path, asked: str, parts: list[str]
):
    os.environ["APBRIDGE_NOTIFY"] = f"{mailbox.address}{asked}"
    with Ledger(f"sqlite:///{project}/.apbridge/ledger.db") as ledger:
        for plugin in ("target-avidxchange", "target-netsuite-payments"):
            ledger.start_run(plugin, "1.0").finish("finished", {})
        error = RejectedError("APB-TAX-002", word="Bill", name=TYPED, external_id="netsuite-1-vendorbill-1")
        about = ("bills", "netsuite-1-vendorbill-1", None, "h", Status.REJECTED)
        told: dict[str, Any] = {"code": error.code, "says": error.says, "do": error.do}
        ledger.write(1, "avidxchange", [RowUpdate(*about, **told, payload={"number": TYPED})])
    assert apbridge("notify").code == TOLD
    (mail,) = mailbox.got
    shown = {one.get_content_subtype(): one.get_content() for one in mail.walk() if not one.is_multipart()}
    assert list(shown) == parts
    assert TYPED in shown["plain"]
    if "html" in shown:
        page = Shown(shown["html"])
        assert TYPED in page.text.replace("\N{NO-BREAK SPACE}", " ")
        assert page.tags <= {"br"}
