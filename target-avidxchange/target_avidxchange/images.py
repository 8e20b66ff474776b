"""Which pictures of a bill go along with its invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apbridge import spool
from apbridge.avidxchange.profile import ImageRules
from apbridge.errors import RejectedError
from apbridge.schemas.identifiers import BILL, name_of, namespace_of
from apbridge.singer import Record

Image = Mapping[str, Any]

_PDF = "application/pdf"
_ASKED_FOR = {"APB-SPL-001": "APB-SPL-010", "APB-SPL-002": "APB-SPL-011"}


@dataclass(frozen=True)
class Choice:
    """What of a bill's pictures is sent.

    Args:
        sent: Those to send.
        left: Those that the profile has no room for.
        unfit: Those of a wrong type or size.
    """

    sent: Sequence[Image]
    left: Sequence[Image]
    unfit: Sequence[Image]


def choose(images: Sequence[Image], rules: ImageRules) -> Choice:
    """Choose, PDFs first, as many as an invoice takes."""
    fit = [image for image in images if _fits(image, rules)]
    fit.sort(key=lambda image: image["media_type"] != _PDF)
    return Choice(fit[: rules.most], fit[rules.most :], [one for one in images if not _fits(one, rules)])


def check(choice: Choice, rules: ImageRules, bill: Record) -> None:
    """Check that a bill with pictures has one that AvidXchange takes.

    Raises:
        RejectedError: None of them is.
    """
    if choice.unfit and not choice.sent:
        raise RejectedError(
            "APB-TAX-040",
            name=name_of(bill),
            external_id=bill["external_id"],
            images=", ".join(_told(image) for image in choice.unfit),
            types=", ".join(rules.media_types),
            largest=f"{rules.largest / 1_048_576:.1f}",
        )


def content(spool_url: str, image: Image, bill: Record, *, may_ask: bool) -> bytes:
    """Return the bytes of a picture, its hash verified.

    The picture's `uri` is never opened: a message must not choose what of this machine is sent out.

    Args:
        spool_url: Where the tap puts pictures.
        image: The picture.
        bill: Whose it is.
        may_ask: Whether to ask the tap for it again where that fails.

    Raises:
        RejectedError: They are not in the spool, or are not those that the tap put there.
    """
    try:
        return spool.read(spool_url, image["sha256"], image["size"])
    except RejectedError as failure:
        found = failure
        wanted = spool.Wanted(image["sha256"], image["id"], bill["id"])
        namespace = namespace_of(bill["external_id"], BILL, bill["id"])
        if may_ask and spool.want(spool_url, wanted, namespace):
            found = RejectedError(_ASKED_FOR[failure.code], **failure.facts)
        raise RejectedError(
            "APB-TAX-041",
            name=name_of(bill),
            external_id=bill["external_id"],
            image=image["name"],
            says=found.says,
            do=found.do,
        ) from failure


def _fits(image: Image, rules: ImageRules) -> bool:
    return image["media_type"] in rules.media_types and 0 < image["size"] <= rules.largest


def _told(image: Image) -> str:
    return f"{image['name']} ({image['media_type']}, {image['size'] / 1_048_576:.1f} MB)"
