"""The tap: its settings and its streams."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from typing_extensions import override

from apbridge.declared_settings import AVIDXCHANGE_SETTINGS, SPOOL_SETTINGS
from apbridge.http.classifier import AnswerWatch, unwatched
from apbridge.origin import Origin
from apbridge.settings import COMPANY, DEFAULT_LEDGER, required_text, usable_spool
from apbridge.singer import CanonicalTap

if TYPE_CHECKING:
    from apbridge.avidxchange import AvidXchange
    from apbridge.avidxchange.recording import AnswerRecorder
    from tap_avidxchange.streams import AvidXchangeStream

# What only a run needs is imported where it is used: `--version` and `--about` do without.


class TapAvidXchange(CanonicalTap):
    """Reads payments and invoices out of AvidXchange, and what it holds of vendors and coding."""

    name = "tap-avidxchange"
    package_name = "tap-avidxchange"
    config_jsonschema = th.PropertiesList(
        *AVIDXCHANGE_SETTINGS,
        th.Property(
            "start_date",
            th.DateTimeType(),
            description="The first run reads payments and invoices that changed since then; all, without it.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0, maximum=86_400),
            default=300,
            description="How late a change may show up in AvidXchange's lists, in seconds. That much is read "
            "again at each run; what was sent already is not sent again.",
        ),
        th.Property(
            "cleared_images",
            th.BooleanType(nullable=False),
            default=False,
            description="Whether the images of cleared checks are fetched into the spool, for a target that "
            "attaches them.",
        ),
        th.Property(
            "ledger_url",
            th.StringType(nullable=False),
            default=DEFAULT_LEDGER,
            description="Where `record_answers` keeps the shapes of answers: the ledger of the targets. "
            "Nothing else of this tap is in it.",
        ),
        *SPOOL_SETTINGS,
        th.Property(
            "dimensions",
            th.ArrayType(th.StringType(pattern="^[A-Za-z0-9_-]+$")),
            default=["department", "class", "location"],
            description="Dimensions whose values the stream `dimension_values` reads.",
        ),
    ).to_dict()

    _recorder: AnswerRecorder | None = None

    @override
    def origin(self, before: Origin | None) -> Origin:
        return self.client.origin(before)

    @override
    def discover_streams(self) -> list[AvidXchangeStream]:
        from tap_avidxchange.streams import STREAMS  # noqa: PLC0415

        return [stream(self, lambda: self.client) for stream in STREAMS]

    @contextmanager
    @override
    def reading(self) -> Iterator[None]:
        try:
            with super().reading():
                yield
        finally:
            # What ends a run may be the very change that is to be told.
            if self._recorder:
                self._recorder.keep()

    def _watch(self, profile: str) -> AnswerWatch:
        if not self.config["record_answers"]:
            return unwatched
        from apbridge.avidxchange.recording import AnswerRecorder  # noqa: PLC0415

        self._recorder = AnswerRecorder(profile, self._revise)
        return self._recorder.see

    def _revise(self, changes: Mapping[str, Callable[[Any], Any]]) -> None:
        from apbridge.ledger import Ledger  # noqa: PLC0415
        from apbridge.ledger.run_history import RunHistory  # noqa: PLC0415

        url, company = required_text(self.config, "ledger_url"), self.config.get(COMPANY)
        with Ledger(url, company=company) as ledger:
            RunHistory(ledger).revise(changes)

    @cached_property
    def client(self) -> AvidXchange:
        """AvidXchange, for as long as the tap lives.

        Raises:
            SettingError: A setting is wrong; it says which.
        """
        from apbridge.avidxchange import AvidXchange, AvidXchangeSettings  # noqa: PLC0415

        if self.config["cleared_images"]:
            usable_spool(self.config)
        settings = AvidXchangeSettings.from_config(self.config)
        client = AvidXchange(settings, stop=self.stop, watch=self._watch(settings.profile))
        weakref.finalize(self, client.close)
        return client


if __name__ == "__main__":
    TapAvidXchange.cli()
