"""The SDK's standard tests for targets: those that apply run, each other one has its reason here."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from singer_sdk.testing import get_target_test_class
from singer_sdk.testing.suites import SingerTestSuite, target_tests
from singer_sdk.testing.target_tests import TargetCliPrintsTest, TargetInvalidSchemaTest

from target_avidxchange.target import TargetAvidXchange

APPLY = [TargetCliPrintsTest, TargetInvalidSchemaTest]

REFUSED = "it sends a stream of its own; all but the canonical outbound streams are refused by name"
PUBLISHED = "records are held to the published schemas, whatever the tap's SCHEMA says"
DO_NOT_APPLY = {
    "array_data": REFUSED,
    "camelcase": REFUSED,
    "camelcase_complex_schema": REFUSED,
    "duplicate_records": f"{REFUSED}; test_interleavings.py repeats records in any order",
    "encoded_string_data": f"{REFUSED}; test_refusals.py sends quotes, accents and emoji",
    "no_primary_keys": f"{REFUSED}; a record is known by its external id",
    "optional_attributes": f"{REFUSED}; {PUBLISHED}",
    "pk_updates": f"{REFUSED}; a record is known by its external id",
    "record_before_schema": "the plain sentence for it is a SettingError; apbridge/tests/singer has the test",
    "record_missing_fields": f"{REFUSED}; {PUBLISHED}",
    "record_missing_key_property": f"{REFUSED}; a record without external id is rejected, the run goes on",
    "schema_no_properties": f"{REFUSED}; {PUBLISHED}",
    "schema_updates": f"{REFUSED}; {PUBLISHED}",
    "special_chars_in_attributes": REFUSED,
}

CONFIG = {
    "company_token": "company",
    "user_token": "user",
    "base_url": "http://127.0.0.1:1",
    "ledger_url": f"sqlite:///{Path(mkdtemp(prefix='standard-')) / 'ledger.db'}",
}

TestStandard = get_target_test_class(
    TargetAvidXchange,
    config=CONFIG,
    include_target_tests=False,
    custom_suites=[SingerTestSuite(kind="target", tests=APPLY)],
)


def test_every_standard_test_runs_or_has_its_reason():
    assert {test.name for test in target_tests.tests} == {test.name for test in APPLY} | DO_NOT_APPLY.keys()
