"""Whether what is wrong is refused in the words that a profile expects, alone and among others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from apbridge.avidxchange import Acknowledged
from apbridge.errors import APBridgeError, RefusedError
from apbridge_operator.trial.records import Record, TrialRecords
from apbridge_operator.trial.result import TrialResults
from apbridge_operator.trial.sending import TrialWriter

NO_CODE = "APBTRIALNONE"
"""The code of no account."""

_BATCH = "invoice.batch"


class RefusalTrial:
    """Tries it with invoices.

    Args:
        writer: Writes and looks.
        records: Makes them.
        results: Where each check is noted.
    """

    def __init__(self, writer: TrialWriter, records: TrialRecords, results: TrialResults) -> None:
        self._writer = writer
        self._client = writer.client
        self._results = results
        vendor = {"vendor_external_id": f"{records.vendor['external_id']}-none"}
        self.wrong = {
            "unknown_gl_code": records.coded(records.invoice("code"), NO_CODE),
            "unknown_vendor": records.invoice("vendor", **vendor),
            "lines_do_not_sum": records.invoice("sum", total=Decimal("99.99")),
        }
        """By the meaning of their refusal."""
        self.missing = records.invoice("missing")
        """One that is never sent."""
        bad = records.coded(records.invoice("bad"), NO_CODE)
        self.batch = (records.invoice("first"), bad, records.invoice("last"))
        """The second is wrong."""

    def run(self) -> None:
        """Try each alone."""
        for meaning, record in self.wrong.items():
            check = f"invoice.refusal.{meaning}"
            with self._results.trying(check, "resources.invoice.upsert"):
                self._refused(check, meaning, record)
        check = "invoice.refusal.not_found"
        with self._results.trying(check, "resources.invoice.cancel"):
            name = str(self.missing["external_id"])
            try:
                told = self._writer.cancel("invoice", name, None)
            except RefusedError as refused:
                self._compare(check, "not_found", refused)
            else:
                if told.is_proved:
                    self._results.failed(
                        check, APBridgeError("APB-TRY-062"), "resources.invoice.cancel.answer"
                    )
                else:
                    said = "What is not there is cancelled without a word: only the list shows what is."
                    self._results.unknown(check, said)
            finally:
                # Nobody has made it: it is none that stays.
                self._writer.sent.pop(("invoice", name), None)

    def _refused(self, check: str, meaning: str, record: Record) -> None:
        try:
            self._sent(record)
        except RefusedError as refused:
            self._compare(check, meaning, refused)
        else:
            if meaning == "lines_do_not_sum":
                self._results.unknown(check, "An invoice whose lines do not sum to its total is taken.")
            elif self._writer.look("invoice", str(record["external_id"]), {}):
                self._results.failed(
                    check, APBridgeError("APB-TRY-063", meaning=meaning), "resources.invoice"
                )
            else:
                self._results.failed(check, APBridgeError("APB-TRY-064"), "answers.results")

    def _compare(self, check: str, meaning: str, refused: RefusedError) -> None:
        where = f"errors.meanings.{meaning}"
        if refused.facts["says"] == "it gave no reason":
            error = APBridgeError("APB-TRY-041", status=refused.status)
            self._results.failed(check, error, "errors.message")
        elif refused.facts["meaning"] != meaning:
            error = APBridgeError("APB-TRY-042", status=refused.status, meaning=meaning)
            self._results.failed(check, error, where)
        else:
            self._results.passed(check, f"It is refused, and known as {meaning}.", where)

    def _sent(self, record: Record) -> Acknowledged:
        return self._writer.send("upsert invoice", self._client.upsertion("invoice", record))

    def run_batch(self) -> None:
        """Try a wrong one between two that are right, in one call."""
        gathering = self._client.gathering
        upsert = self._client.profile.resources["invoice"].upsert
        if gathering is None or upsert is None or upsert.most == 1:
            return
        with self._results.trying(_BATCH, "answers.results"):
            with (
                gathering.expecting(len(self.batch), len(self.batch)),
                ThreadPoolExecutor(len(self.batch)) as pool,
            ):
                told = list(pool.map(self._sent_with_others, self.batch))
            self._compare_batch(told)

    def _sent_with_others(self, record: Record) -> Acknowledged | APBridgeError:
        try:
            return self._sent(record)
        except APBridgeError as error:
            return error
        finally:
            if self._client.gathering:
                self._client.gathering.ended()

    def _compare_batch(self, told: Sequence[Acknowledged | APBridgeError]) -> None:
        shown = [bool(self._writer.look("invoice", str(one["external_id"]), {})) for one in self.batch[::2]]
        right = [isinstance(one, Acknowledged) and one.is_proved for one in told[::2]]
        if not all(shown):
            error = APBridgeError("APB-TRY-065", count=shown.count(False))
            self._results.failed(_BATCH, error, "resources.invoice.upsert.most")
        elif not all(right):
            self._results.failed(_BATCH, APBridgeError("APB-TRY-066"), "answers.results.external_id")
        elif not isinstance(told[1], RefusedError):
            self._results.failed(_BATCH, APBridgeError("APB-TRY-064"), "answers.results")
        else:
            said = "Of three in a call the wrong one is refused by its name, and the others are there."
            self._results.passed(_BATCH, said, "answers.results", "invoice.upsert.most")
