"""What `docs/writing-a-profile.md` says is all there is, and is what ships."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import Profile
from apbridge.avidxchange.checking import schema
from apbridge.avidxchange.profile_files import source

DOCUMENT = Path(__file__).parents[3] / "docs" / "writing-a-profile.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
OURS = re.findall(r"```yaml\n# ours\.yaml\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = re.findall(r"```yaml\n# (\w+)\n(.*?)```", TEXT, re.DOTALL)


def keys(node: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield every key that a profile may have, with what the schema says of it."""
    if isinstance(node, dict):
        for name, child in node.get("properties", {}).items():
            if child is not False:
                yield name, child
        for child in node.values():
            yield from keys(child)
    elif isinstance(node, list):
        for child in node:
            yield from keys(child)


def test_every_key_of_a_profile_is_described():
    names = {name for name, _ in keys(schema())}
    assert len(names) > 50
    headings = set(re.findall(r"^### (\w+)$", TEXT, re.MULTILINE))
    told = headings | set(re.findall(r"`(\w+)`", TEXT))
    assert sorted(names - told) == []


def test_every_key_says_in_the_schema_what_it_is():
    common = set(schema()["$defs"])
    for name, child in keys(schema()):
        refers = child.get("$ref", "").rpartition("/")[2]
        assert "description" in child or (refers in common and "description" in schema()["$defs"][refers]), (
            name
        )


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(EXAMPLES)])
def test_examples_are_what_ships(name: str, example: str):
    assert example in source(name)


def test_every_setting_that_a_sign_in_may_name_is_described():
    for name in schema()["$defs"]["setting"]["enum"]:
        assert f"`{name}`" in TEXT


def test_the_example_of_a_profile_that_extends_another_does_what_its_notes_say(tmp_path: Path):
    (example,) = OURS
    (tmp_path / "ours.yaml").write_text(example)
    upserts = [
        Profile.load(name).resources["invoice"].upsert for name in ("avidconnect", f"{tmp_path}/ours.yaml")
    ]
    bill = {"memo": "m" * 100, "custom_fields": {"custbody_contract_number": "CT-1"}, "lines": []}
    theirs, ours = (upsert.body(bill) for upsert in upserts if upsert and upsert.body)
    assert ours.pop("contractNumber") == "CT-1"
    assert (len(theirs.pop("memo")), len(ours.pop("memo"))) == (100, 80)
    assert theirs.pop("purchaseOrders") is None
    assert ours == theirs
