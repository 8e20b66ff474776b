"""The target: its settings, and what its sinks share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from typing_extensions import override

from apbridge.declared_settings import LEDGER_SETTINGS, NETSUITE_SETTINGS, SPOOL_SETTINGS
from apbridge.origin import Origin
from apbridge.settings import usable_spool
from apbridge.singer import AcknowledgingTarget
from target_netsuite_payments.settings import POSTING_SETTINGS, SYSTEM

if TYPE_CHECKING:
    from apbridge.schemas.payment import Payment
    from apbridge.singer import AcknowledgingSink
    from target_netsuite_payments.statuses import BillStatuses

# What only a run needs is imported where it is used: `--version` and `--about` do without.


class TargetNetSuitePayments(AcknowledgingTarget):
    """Posts AvidXchange's settled payments in NetSuite, each as one vendor payment.

    It writes nothing else but, where `status_field` is set, that field of bills.

    Vendors, GL accounts and dimensions are refused by name: NetSuite is where they are kept.
    """

    name = "target-netsuite-payments"
    system = SYSTEM
    workers_a_call = 2
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *NETSUITE_SETTINGS, *POSTING_SETTINGS, *SPOOL_SETTINGS, *LEDGER_SETTINGS
    ).to_dict()

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401
        """Make the target; see the SDK's `Target` for the arguments.

        Raises:
            SettingError: A setting is missing or wrong; it says which.
        """
        from apbridge.netsuite import NetSuite, NetSuiteSettings  # noqa: PLC0415
        from target_netsuite_payments.books import NetSuiteBooks  # noqa: PLC0415
        from target_netsuite_payments.rules import PostingRules  # noqa: PLC0415

        super().__init__(**arguments)
        settings = NetSuiteSettings.from_config(self.config)
        self._rules = PostingRules.from_config(self.config, settings)
        self._spool_url = usable_spool(self.config) if self._rules.check_image_folder else ""
        self._netsuite = NetSuite(settings, stop=self.stop)
        self._books = NetSuiteBooks(self._netsuite)

    @cached_property
    @override
    def sink_classes(self) -> Mapping[str, type[AcknowledgingSink]]:
        from target_netsuite_payments.sinks import InvoicesSink, PaymentsSink  # noqa: PLC0415

        return {"invoices": InvoicesSink, "payments": PaymentsSink}

    @override
    def make_sink(self, stream: str) -> AcknowledgingSink:
        from target_netsuite_payments.batch import Batch  # noqa: PLC0415
        from target_netsuite_payments.dry_run import DryRun  # noqa: PLC0415
        from target_netsuite_payments.known import Known  # noqa: PLC0415
        from target_netsuite_payments.posting import Posting  # noqa: PLC0415
        from target_netsuite_payments.sinks import InvoicesSink, PaymentsSink  # noqa: PLC0415

        if stream == "invoices":
            return InvoicesSink(self, stream, self.context, self._bill_statuses())
        kind = DryRun if self.is_dry_run else Posting
        posting = kind(self._netsuite, self._books, self.run, self.ledger.claims, self.stop)

        def look_up(payments: Sequence[Payment], known: Known) -> Batch:
            return Batch(self._books, posting, self._rules, payments, known)

        images = None
        if folder := self._rules.check_image_folder:
            from target_netsuite_payments.check_images import CheckImages  # noqa: PLC0415

            images = CheckImages(self._netsuite, self._spool_url, folder)
        patience = timedelta(days=self._rules.under_way_days)
        return PaymentsSink(
            self, stream, self.context, look_up, patience, facts=self._rules.facts, images=images
        )

    def _bill_statuses(self) -> BillStatuses | None:
        if self._rules.status_field is None:
            return None
        from target_netsuite_payments.statuses import BillStatuses  # noqa: PLC0415

        return BillStatuses(self._netsuite, self._books, self._rules.account, self._rules.status_field)

    @override
    def origin(self, before: Origin | None) -> Origin:
        return self._netsuite.settings.origin

    @override
    def preflight(self) -> None:
        self._rules = self._rules.check_custom_fields(self._netsuite)

    @override
    def close(self) -> None:
        from apbridge.netsuite import remind  # noqa: PLC0415

        self._netsuite.close()
        remind(self._netsuite.settings.certificate, self.logger)
