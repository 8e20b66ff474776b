"""How the settings have a payment posted."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apbridge.errors import RefusedError, RejectedError, SettingError
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge.netsuite.catalog import FieldKind, record_fields
from apbridge.schemas.payment import UNKNOWN, Payment
from target_netsuite_payments import payment_facts
from target_netsuite_payments.payment_facts import PaymentFacts
from target_netsuite_payments.payment_fields import SETTING, PaymentFields, unfit

CUSTOM_FIELDS = {
    "ach_trace_field": "vendorPayment",
    "card_reference_field": "vendorPayment",
    "status_field": "vendorBill",
}
"""Settings that name a custom field → the record type that must have it."""

_FIELD = re.compile(r"custbody[a-z0-9_]+")


@dataclass(frozen=True)
class BankAccount:
    """A bank account, the payments that it is for, None fitting all, and the fields that they are given."""

    account: str
    method: str | None
    currency: str | None
    subsidiary: str | None
    fields: PaymentFields = field(default_factory=PaymentFields)


@dataclass(frozen=True)
class PostingRules:
    """How payments are posted.

    Args:
        account: NetSuite account id, as external ids carry it.
        bank_accounts: What to post from, the default last.
        closed_period: `reject`, `next_open` or `override`.
        on_void: `delete`, `restlet` or `reject`.
        deletion_reason: Internal id of the reason that deletions are given; None for none.
        is_approved: Whether payments are posted as approved.
        under_way_days: Days after which a payment that NetSuite has not decided about is rejected.
        ach_trace_field: Custom body field of vendor payments; None for none.
        card_reference_field: Likewise.
        status_field: Custom body field of bills; None for none.
        reference: What stands for a check number where there is none: `trace`, `id` or `none`.
        fields: What the settings give every payment, or leave out.
        posts_parts: Whether a payment is posted as far as it pays bills of NetSuite, if it pays others too.
        facts: What AvidXchange tells of payments, and the fields that are to hold it.
        check_image_folder: Internal id of the folder for images of cleared checks; None for none.
    """

    account: str
    bank_accounts: tuple[BankAccount, ...]
    closed_period: str
    on_void: str
    deletion_reason: str | None = None
    is_approved: bool = False
    under_way_days: int = 7
    ach_trace_field: str | None = None
    card_reference_field: str | None = None
    status_field: str | None = None
    reference: str = "trace"
    fields: PaymentFields = field(default_factory=PaymentFields)
    posts_parts: bool = True
    facts: PaymentFacts = field(default_factory=PaymentFacts)
    check_image_folder: str | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any], netsuite: NetSuiteSettings) -> PostingRules:
        """Read the plugin's settings.

        Raises:
            SettingError: Voids or images are to go through a RESTlet that is not configured, or what is to be
                a custom body field is none or is named twice.
        """
        on_void = config.get("on_void") or ("restlet" if netsuite.restlet_script else "reject")
        if on_void == "restlet" and not netsuite.restlet_script:
            raise SettingError("APB-PAY-002")
        folder = str(config.get("check_image_folder") or "").strip()
        if folder and not netsuite.restlet_script:
            raise SettingError("APB-PAY-126")
        listed = [_bank_account(entry) for entry in config.get("bank_accounts") or ()]
        if config.get("bank_account"):
            listed.append(_bank_account({"account": config["bank_account"]}))
        fields = PaymentFields.from_config(config.get(SETTING))
        named = {setting: _custom_field(config, setting) for setting in CUSTOM_FIELDS}
        taken = {*named.values(), *fields.rules, *(name for entry in listed for name in entry.fields.rules)}
        return cls(
            netsuite.account_id,
            tuple(listed),
            config.get("closed_period") or "reject",
            on_void,
            None if config.get("deletion_reason") is None else str(config["deletion_reason"]).strip(),
            config.get("payment_approval") == "approved",
            config.get("under_way_days", 7),
            **named,
            reference=config.get("payment_reference") or "trace",
            fields=fields,
            posts_parts=config.get("captured_invoices") != "hold",
            facts=_facts(config.get(payment_facts.SETTING) or {}, taken),
            check_image_folder=folder or None,
        )

    def check_custom_fields(self, netsuite: NetSuite) -> PostingRules:
        """Make sure, in one call, that NetSuite has the custom fields that the settings name; none, no call.

        Returns:
            The rules, with what those fields hold.

        Raises:
            SettingError: One is not there, or holds something else than it is given.
        """
        named = {setting: name for setting in CUSTOM_FIELDS if (name := getattr(self, setting))}
        record_types = [CUSTOM_FIELDS[setting] for setting in named]
        every = (self.fields, *(entry.fields for entry in self.bank_accounts))
        if any(fields.custom for fields in every):
            record_types += ["vendorPayment", "vendorBill"]
        if self.facts.fields:
            record_types.append("vendorPayment")
        if not record_types:
            return self
        try:
            found = record_fields(netsuite, *dict.fromkeys(record_types))
        except RefusedError as refused:
            settings = ", ".join(named or [payment_facts.SETTING if self.facts.fields else SETTING])
            raise SettingError("APB-PAY-006", settings=settings, words=refused.facts["says"]) from refused
        for setting, name in named.items():
            record_type = CUSTOM_FIELDS[setting]
            kind = found.get(record_type, {}).get(name)
            if kind is not FieldKind.TEXT:
                problem = unfit(name, kind, record_type, FieldKind.TEXT)
                raise SettingError("APB-SET-001", setting=setting, problem=problem)
        return replace(
            self,
            fields=self.fields.knowing(found),
            facts=self.facts.knowing(found.get("vendorPayment", {})),
            bank_accounts=tuple(
                replace(entry, fields=entry.fields.knowing(found)) for entry in self.bank_accounts
            ),
        )

    @property
    def as_on_bill(self) -> dict[str, FieldKind]:
        """The fields that payments are to have as on the bill, and what they hold."""
        every = (self.fields, *(entry.fields for entry in self.bank_accounts))
        return {name: fields.kind(name) for fields in every for name in fields.as_on_bill}

    def bank_account(self, payment: Payment, currency: str | None, subsidiary: str | None) -> BankAccount:
        """Choose the bank account.

        Args:
            payment: What is paid.
            currency: ISO 4217 code of its bills.
            subsidiary: Internal id of its bills' subsidiary.

        Raises:
            RejectedError: None fits, or which one does depends on a method that nobody has heard of.
        """
        if payment.method == UNKNOWN and any(entry.method for entry in self.bank_accounts):
            raise RejectedError("APB-PAY-121", payment=payment.id, word=payment.facts["method"])
        paid = (payment.method, currency, subsidiary)
        fitting: dict[int, BankAccount] = {}
        for entry in self.bank_accounts:
            asked = (entry.method, entry.currency, entry.subsidiary)
            if all(want is None or want == have for want, have in zip(asked, paid, strict=True)):
                fitting.setdefault(sum(want is not None for want in asked), entry)
        if not fitting:
            raise RejectedError(
                "APB-PAY-030",
                payment=payment.id,
                method=payment.method or "unknown",
                currency=currency or "unknown",
                subsidiary=subsidiary or "none",
            )
        return fitting[max(fitting)]


def _custom_field(config: Mapping[str, Any], key: str, setting: str | None = None) -> str | None:
    name = (config.get(key) or "").strip().lower()
    if name and not _FIELD.fullmatch(name):
        problem = f"{name!r} is no custom body field, whose script id begins with custbody"
        raise SettingError("APB-SET-001", setting=setting or key, problem=problem)
    return name or None


def _facts(given: Mapping[str, Any], taken: Collection[str | None]) -> PaymentFacts:
    """Read which field holds what AvidXchange tells of payments.

    Raises:
        SettingError: One is no custom body field, or holds something else already.
    """
    found: dict[str, str] = {}
    for fact in given:
        setting = f"{payment_facts.SETTING}.{fact}"
        if not (name := _custom_field(given, fact, setting)):
            continue
        if name in taken or name in found.values():
            raise SettingError("APB-SET-001", setting=setting, problem=f"{name} is named twice")
        found[fact] = name
    return PaymentFacts(found)


def _bank_account(entry: Mapping[str, Any]) -> BankAccount:
    def text(name: str) -> str | None:
        value = entry.get(name)
        return None if value is None else str(value).strip()

    return BankAccount(
        str(entry["account"]).strip(),
        text("method"),
        text("currency"),
        text("subsidiary"),
        PaymentFields.from_config(entry.get(SETTING)),
    )
