"""Mapping tables: which rule holds, and what is said of one that is not valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from apbridge.errors import SettingError
from apbridge.mapping import DIMENSION_MAPPING, GL_MAPPING, Coding

ACCOUNTS = """account,account_id,subsidiary,code
6100,,,EXACT
6100,,2,EXACT-2
6*,,,SIX-*
61*,,,SIXTY-*
61*,,2,SIXTY-*-2
*99,,,END
,77,,BY-ID
"""
DIMENSIONS = """
- dimension: department
  value: 7
  code: 0070
- {dimension: cseg_region, value: "*", subsidiary: 2, code: R*}
"""


def coding(folder: Path, accounts: str | None = ACCOUNTS, dimensions: str | None = DIMENSIONS) -> Coding:
    config = {}
    for setting, name, text in (
        (GL_MAPPING, "accounts.csv", accounts),
        (DIMENSION_MAPPING, "dimensions.yaml", dimensions),
    ):
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
            config[setting] = str(folder / name)
    return Coding.from_config(config)


@pytest.mark.parametrize(
    ("account_id", "number", "subsidiary", "code"),
    [
        ("1", "6100", None, "EXACT"),
        ("1", "6100", "1", "EXACT"),
        ("1", "6100", "2", "EXACT-2"),
        ("1", "6105", "1", "SIXTY-05"),
        ("1", "6105", "2", "SIXTY-05-2"),
        ("1", "6205", "2", "SIX-205"),
        ("1", "7099", "2", "END"),
        ("77", "6100", "2", "BY-ID"),
        ("1", "7000", "2", "7000"),
        ("1", None, "2", "1"),
        ("77", None, None, "BY-ID"),
        (None, None, None, None),
    ],
)
def test_the_most_specific_rule_holds_and_without_one_the_number(
    tmp_path: Path, account_id: str | None, number: str | None, subsidiary: str | None, code: str | None
):
    assert coding(tmp_path).gl_code(account_id, number, subsidiary) == code


BY_EXACTNESS = """account,account_id,subsidiary,code
6100,,,VALUE
61*,,2,PATTERN
6*,,2,SHORTER
,7*,2,ID-PATTERN
,70,,ID-VALUE
"""


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    ("account_id", "number", "code"),
    [
        ("1", "6100", "VALUE"),  # though the pattern is for this very subsidiary
        ("1", "6101", "PATTERN"),
        ("1", "6000", "SHORTER"),
        ("70", "6100", "ID-VALUE"),
        ("71", "6100", "ID-PATTERN"),  # an internal id, though by a pattern, before a number
    ],
)
def test_an_exact_value_holds_before_a_subsidiarys_pattern(
    tmp_path: Path, account_id: str, number: str, code: str, *, is_reversed: bool
):
    header, *rules = BY_EXACTNESS.splitlines()
    table = "\n".join([header, *(reversed(rules) if is_reversed else rules)])
    assert coding(tmp_path, table).gl_code(account_id, number, "2") == code


def test_an_exact_value_of_a_dimension_holds_before_a_subsidiarys_pattern(tmp_path: Path):
    table = """
- {dimension: location, value: "1*", subsidiary: 2, code: PATTERN}
- {dimension: location, value: 12, code: VALUE}
- {dimension: location, value: 12, subsidiary: 3, code: VALUE-3}
"""
    found = coding(tmp_path, None, table)
    assert found.dimension_code("location", "12", "2") == "VALUE"
    assert found.dimension_code("location", "12", "3") == "VALUE-3"
    assert found.dimension_code("location", "13", "2") == "PATTERN"


@pytest.mark.parametrize(
    ("number", "code"),
    [("6109", "X-10-Y"), ("69", "X--Y"), ("6", "6"), ("9", "9"), ("610", "610"), ("16109", "16109")],
)
def test_a_star_amid_a_value_stands_for_what_is_amid_it(tmp_path: Path, number: str, code: str):
    assert coding(tmp_path, "account,code\n6*9,X-*-Y\n").gl_code("1", number, None) == code


@pytest.mark.parametrize("number", ["6", "66", "606"])
def test_what_is_before_and_after_a_star_does_not_overlap(tmp_path: Path, number: str):
    mapped = coding(tmp_path, "account,code\n6*6,MAPPED\n").gl_code("1", number, None)
    assert mapped == ("6" if number == "6" else "MAPPED")


def test_dimensions_are_mapped_by_their_internal_ids(tmp_path: Path):
    found = coding(tmp_path)
    assert found.dimension_code("department", "7", None) == "0070"
    assert found.dimension_code("location", "7", None) == "7"
    assert found.dimension_code("cseg_region", "12", "2") == "R12"
    assert found.dimension_code("cseg_region", "12", "1") == "12"
    assert found.dimension_code("class", None, "1") is None


def test_without_tables_everything_keeps_its_code(tmp_path: Path):
    found = coding(tmp_path, None, None)
    assert found.gl_code("1", "6100", "2") == "6100"
    assert found.dimension_code("class", "4", "2") == "4"


@pytest.mark.parametrize(
    "text",
    [
        "account;code\r\n6100;A\r\n\r\n",
        "\ufeffaccount,code\n6100,A\n",
        "account , code\n 6100 , A",
        "account,code\r6100,A\r",
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, text: str):
    assert coding(tmp_path, text, None).gl_code("1", "6100", None) == "A"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("account,code\n6100,A\n6200,\n", "line 3, column code: it is missing"),
        ("account,code\n,A\n", "line 2, column account: one of account and account_id must be there"),
        ("account,account_id,code\n1,2,A\n", "line 2, column account: one of account and account_id"),
        (
            "acct,code\n6100,A\n",
            "line 2, column acct: there is no such column; there are account, account_id",
        ),
        ("account,code\n6100,A\n6100,B\n", "line 3, column account: line 2 has a rule for 6100 already"),
        ("account,code\n6*1*,A\n", r"line 2, column account: '6\*1\*' does not match"),
        ("account,code\n6100,A*\n", r"line 2, column code: it has a \*, and account has none"),
        ("account,code\n6100,A,B\n", "line 2, column 3: it has 3 values, and the header 2 columns"),
        ("account,code,code\n6100,A,B\n", "line 1, column 3: the column code is there twice"),
        ('account,code\n6100,"A\n6200,B\n', "line 2, column 1: its quotes are not closed"),
        (
            "account,code\n6100," + "A" * 200_000,
            "line 2, column 1: its quotes are not closed, or a value is l",
        ),
        ("account,code\n6100,\0\n", "line 2, column 6: there is a control character"),
    ],
)
def test_a_wrong_csv_names_file_line_and_column(tmp_path: Path, text: str, says: str):
    with pytest.raises(SettingError, match=rf"Mapping table \S*accounts\.csv, {says}"):
        coding(tmp_path, text, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "- dimension: region\n  value: 1\n  code: A\n",
            r"line 1, column 3 \(dimension\): 'region' does not match",
        ),
        (
            "- dimension: class\n  value: 1\n\n  kode: A\n",
            r"line 4, column 3 \(kode\): there is no such column",
        ),
        ("- dimension: class\n  value: 1\n", "line 1, column code: it is missing"),
        ("- dimension: class\n  value: []\n  code: 1\n", r"line 2, column 3 \(value\): "),
        ("dimension: class\n", "line 1, column 1: it is not a list of rules"),
        ("- just text\n", "line 1, column 1: "),
        ("- {a: 1\n- b", "line 2, column 4: it is not YAML"),
        (
            "- {dimension: class, value: 1,\n   code: 1, code: 2}\n",
            r"line 2, column 13 \(code\): it is there twice",
        ),
        ("- {dimension: class, value: {a: 1, a: 2}, code: 1}\n", r"line 1, column 22 \(value\): it is th"),
        ("- &a {dimension: class, value: 1, code: 1}\n- *a\n", "line 2, column 3: aliases"),
    ],
)
def test_a_wrong_yaml_names_file_line_and_column(tmp_path: Path, text: str, says: str):
    with pytest.raises(SettingError, match=rf"Mapping table \S*dimensions\.yaml, {says}"):
        coding(tmp_path, None, text)


@pytest.mark.parametrize("content", [None, b"account,code\n\xff\xfe,1\n"])
def test_a_file_that_cannot_be_read_names_its_setting(tmp_path: Path, content: bytes | None):
    file = tmp_path / "table.csv"
    if content:
        file.write_bytes(content)
    with pytest.raises(SettingError, match="of setting gl_mapping cannot be read"):
        Coding.from_config({GL_MAPPING: str(file)})
