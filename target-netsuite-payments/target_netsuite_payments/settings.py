"""The settings that decide how a payment is posted."""

from __future__ import annotations

from singer_sdk import typing as th

SYSTEM = "netsuite"
"""What the ledger calls the system that payments are posted in."""

METHODS = ("check", "ach", "virtual_card")
"""How money may go, as far as it is known."""

_INTERNAL_ID = {"type": ["string", "integer"]}
_OPTIONAL_ID = th.CustomType({"type": ["string", "integer", "null"]})
_VALUE = {"type": ["string", "integer", "number", "boolean"]}
_FIELDS = {
    "type": ["object", "null"],
    "propertyNames": {
        "pattern": "^(department|class|location|customForm|custbody[a-z0-9_]+|subsidiary|currency|apAcct"
        "|postingPeriod|tranId|memo|toBePrinted)$"
    },
    "additionalProperties": {
        "anyOf": [
            {"type": "null"},
            _VALUE,
            {
                "type": "object",
                "required": ["as_on_bill", "otherwise"],
                "additionalProperties": False,
                "properties": {"as_on_bill": {"const": True}, "otherwise": _VALUE},
            },
        ]
    },
}

_FACTS = {
    "type": ["object", "null"],
    "propertyNames": {
        "enum": ["method", "status", "avidpay_check_number", "cleared_on", "exception_reason", "page_url"]
    },
    "additionalProperties": {"type": "string"},
}

POSTING_SETTINGS = (
    th.Property(
        "bank_account",
        _OPTIONAL_ID,
        description="Internal id of the NetSuite bank account that payments are posted from, where no entry "
        "of `bank_accounts` fits.",
    ),
    th.Property(
        "bank_accounts",
        th.ArrayType(
            th.ObjectType(
                th.Property("account", th.CustomType(_INTERNAL_ID), required=True),
                th.Property("method", th.StringType(allowed_values=list(METHODS))),
                th.Property("currency", th.StringType()),
                th.Property("subsidiary", th.CustomType(_INTERNAL_ID)),
                th.Property("payment_fields", th.CustomType(_FIELDS)),
                additional_properties=False,
            )
        ),
        description="Bank accounts by payment method, currency (ISO code) and subsidiary (internal id), each "
        "optional. Of the entries that fit, the one that says most wins, then the first. Its "
        "`payment_fields` go before the general ones.",
    ),
    th.Property(
        "payment_fields",
        th.CustomType(_FIELDS),
        description="Fields of vendor payments that the account's forms ask for or do not have: "
        "`department`, `class`, `location`, `customForm`, `custbody_…` → a value, `as_on_bill`, or "
        "`{as_on_bill: true, otherwise: <value>}`; and `omit` for any field that is to be left out, such as "
        "`apAcct` or `memo`.",
    ),
    th.Property(
        "payment_reference",
        th.StringType(nullable=False, allowed_values=["trace", "id", "none"]),
        default="trace",
        description="The number of a vendor payment without a check number: its ACH trace or card reference, "
        "else `AX-<id>` (`trace`); always `AX-<id>`, the id being AvidXchange's (`id`); or `none`, where "
        "NetSuite may take the bank account's next check number.",
    ),
    th.Property(
        "closed_period",
        th.StringType(nullable=False, allowed_values=["reject", "next_open", "override"]),
        default="reject",
        description="What to do with a payment dated in a closed or locked period: `reject` it, post it on "
        "the first day of the next open period (`next_open`; the memo then gives the date of the payment), "
        "or post it on its own date all the same (`override`, for a role that may override period "
        "restrictions).",
    ),
    th.Property(
        "captured_invoices",
        th.StringType(nullable=False, allowed_values=["post", "hold"]),
        default="post",
        description="What to do with a payment that pays bills of NetSuite and, on the same check, invoices "
        "that came to AvidXchange itself: `post` what it pays on the bills and tell the difference, or "
        "`hold` it whole, for people to record.",
    ),
    th.Property(
        "on_void",
        th.StringType(allowed_values=["delete", "restlet", "reject"]),
        description="What to do in NetSuite when AvidXchange voids a payment that was posted: `delete` the "
        "vendor payment, void it through the RESTlet (`restlet`), or `reject` with instructions. Default: "
        "`restlet` where `restlet_script` is set, else `reject`.",
    ),
    th.Property(
        "deletion_reason",
        _OPTIONAL_ID,
        description="Internal id of the deletion reason that a vendor payment is given before `on_void: "
        "delete` deletes it, where the account uses them (Use Deletion Reason); its memo names the payment.",
    ),
    th.Property(
        "payment_approval",
        th.StringType(nullable=False, allowed_values=["default", "approved"]),
        default="default",
        description="How a vendor payment is posted where the account approves them: as NetSuite sets it "
        "(`default`, as a rule pending approval), or as `approved`, where the role may.",
    ),
    th.Property(
        "under_way_days",
        th.IntegerType(nullable=False, minimum=1),
        default=7,
        description="Days after which a payment that nobody has approved in NetSuite, or whose void nobody "
        "has, counts as rejected, so that somebody looks. It is looked at again at every run all the same.",
    ),
    th.Property(
        "ach_trace_field",
        th.StringType(),
        description="Custom body field of vendor payments for the ACH trace, such as `custbody_ach_trace`. "
        "The memo holds it in any case.",
    ),
    th.Property(
        "card_reference_field",
        th.StringType(),
        description="Custom body field of vendor payments for the reference of a virtual card. The memo "
        "holds it in any case.",
    ),
    th.Property(
        "payment_facts",
        th.CustomType(_FACTS),
        description="Custom body fields of vendor payments for what AvidXchange tells of them: `method`, "
        "`status`, `avidpay_check_number`, `cleared_on`, `exception_reason`, `page_url` → `custbody_…`. A "
        "change of that alone is written too, for as long as the payment stands.",
    ),
    th.Property(
        "check_image_folder",
        _OPTIONAL_ID,
        description="Internal id of the file cabinet's folder for images of cleared checks, which the "
        "RESTlet attaches to their vendor payments; `cleared_images` of tap-avidxchange fetches them. None "
        "are without it.",
    ),
    th.Property(
        "status_field",
        th.StringType(),
        description="Custom body field of bills, such as `custbody_avidxchange_status`, that is told where "
        "AvidXchange has the invoice, and why it was rejected or cancelled. Nothing else of a bill is ever "
        "written. Without it nothing is.",
    ),
)
