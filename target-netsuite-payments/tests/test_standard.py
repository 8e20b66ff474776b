"""The SDK's standard tests for targets: those that apply run, each other one has its reason here."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from singer_sdk.testing import get_target_test_class
from singer_sdk.testing.suites import SingerTestSuite, target_tests
from singer_sdk.testing.target_tests import TargetCliPrintsTest, TargetInvalidSchemaTest

from target_netsuite_payments.target import TargetNetSuitePayments

APPLY = [TargetCliPrintsTest, TargetInvalidSchemaTest]

REFUSED = "it sends a stream of its own; all but payments and invoices are refused by name"
PAYMENTS_SCHEMA = "records are held to the published schema of payments, whatever the tap's SCHEMA says"
DO_NOT_APPLY = {
    "array_data": REFUSED,
    "camelcase": REFUSED,
    "camelcase_complex_schema": REFUSED,
    "duplicate_records": f"{REFUSED}; test_posting.py sends a payment twice in one drain",
    "encoded_string_data": REFUSED,
    "no_primary_keys": f"{REFUSED}; a payment is known by its external id",
    "optional_attributes": f"{REFUSED}; {PAYMENTS_SCHEMA}",
    "pk_updates": f"{REFUSED}; a payment is known by its external id",
    "record_before_schema": "the plain sentence for it is a SettingError; apbridge/tests/singer has the test",
    "record_missing_fields": f"{REFUSED}; {PAYMENTS_SCHEMA}",
    "record_missing_key_property": f"{REFUSED}; a record without external id is rejected, the run goes on",
    "schema_no_properties": f"{REFUSED}; {PAYMENTS_SCHEMA}",
    "schema_updates": f"{REFUSED}; {PAYMENTS_SCHEMA}",
    "special_chars_in_attributes": REFUSED,
}

CONFIG = {
    "account_id": "1234567_SB1",
    "client_id": "client",
    "certificate_id": "certificate",
    "private_key": generate_private_key(SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode(),
}

TestStandard = get_target_test_class(
    TargetNetSuitePayments,
    config=CONFIG,
    include_target_tests=False,
    custom_suites=[SingerTestSuite(kind="target", tests=APPLY)],
)


def test_every_standard_test_runs_or_has_its_reason():
    assert {test.name for test in target_tests.tests} == {test.name for test in APPLY} | DO_NOT_APPLY.keys()
