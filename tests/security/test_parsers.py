"""The attacks on parsers of outside bytes: each ends in one sentence, and stops nothing but what it is in."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509

from apbridge import declared_file, json, settings
from apbridge.avidxchange.profile import Profile
from apbridge.declared_file import MalformedFileError, from_csv, from_yaml, values
from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.json import MAX_DEPTH, OutsizedNumber
from apbridge.mapping import GL_MAPPING, MappingTable
from apbridge.netsuite import Certificate, restlet
from apbridge.schemas import schema
from apbridge.vault import Vault
from apbridge_operator.cli import meltano
from tap_avidxchange.streams import Payments
from tap_avidxchange.tap import TapAvidXchange
from tap_netsuite_ap.records import Shape
from tests.fuzz import seeds
from tests.fuzz.canned import ADDRESS, avidxchange, netsuite

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


def said(attack: Callable[[], object]) -> str:
    with pytest.raises((APBridgeError, MalformedFileError)) as caught:
        attack()
    return str(caught.value)


def test_a_number_or_a_nesting_beyond_all_bounds_spoils_only_itself():
    number, digits = b"1e9999999999999999999999", b"9" * 5000
    deep = b"[" * 900 + b"]" * 900
    read = json.loads(b'[1.5, %b, %b, %b, "\xff", %b]' % (number, digits, b"9" * 40, b'{"a": %b}' % deep))
    assert read[0] == Decimal("1.5")
    assert read[1] == OutsizedNumber(number.decode())
    assert read[2] == OutsizedNumber(f"{digits.decode()}e0")
    assert read[3:5] == [Decimal("9" * 40), "\N{REPLACEMENT CHARACTER}"]
    depth, inner = 0, read[5]["a"]
    while inner:
        depth, inner = depth + 1, inner[0]
    assert depth == MAX_DEPTH - 3
    assert json.loads(json.dumps(read)) == read


@pytest.mark.parametrize("depth", [60, 900])
def test_brackets_in_texts_hide_no_nesting(depth: int):
    read = json.loads(b'["]",' * depth + b"0" + b',"["]' * depth)
    levels = 0
    while read:
        levels, read = levels + 1, read[1]
    assert levels == MAX_DEPTH - 1


def test_an_amount_in_netsuites_answer_that_is_none_stays_with_its_record():
    shape = Shape(schema("bills"), ["id", "total", "amount_due", "exchange_rate"])
    row = {"id": "7", "total": "1e9999999999999999999999", "amount_due": "NaN", "exchange_rate": "1.1"}
    record = shape.record(row)
    assert record["exchange_rate"] == Decimal("1.1")
    assert [record["total"], record["amount_due"]] == [row["total"], "NaN"]


def test_an_amount_in_avidxchanges_answer_that_is_none_does_not_keep_the_others_from_the_target():
    client, answers = avidxchange("partner")
    payment = (
        '{"PaymentId": %d, "PaymentStatus": "Cleared", "PaymentAmount": %s,'
        ' "Invoices": [{"ExternalId": "i", "AmountPaid": 1.5, "DiscountTaken": 0}],'
        ' "LastModified": "2026-11-02T16:00:00Z"}'
    )
    both = ", ".join([payment % (1, "1e9999999999"), payment % (2, "1.5")])
    answers.give(f'{{"Payments": [{both}]}}'.encode())
    tap = TapAvidXchange(config={"base_url": ADDRESS, "profile": "partner"}, validate_config=False)
    read = list(Payments(tap, lambda: client)._listed())
    assert [one["amount"] for one in read] == [OutsizedNumber("1e9999999999"), Decimal("1.5")]


@pytest.mark.parametrize(
    "row",
    [{"id": "9" * 5000}, {"id": "7", "total": 5}, {"id": "x"}, []],
    ids=["id", "number", "text", "list"],
)
def test_a_row_of_netsuites_that_is_none_is_told(row: object):
    client, answers = netsuite()
    answers.give(json.dumps({"items": [row], "hasMore": False, "totalResults": 1}))
    says = said(lambda: client.suiteql("SELECT 1", purpose="read bills"))
    assert says.startswith("NetSuite's answer to read bills is not what its documentation says: no page of")


def test_ids_of_thousands_of_digits_in_the_restlets_answer_are_told():
    client, answers = netsuite()
    answers.give(json.dumps({"bills": [{"bill": "9" * 5000, "modified": "2026-11-02T16:00:00Z"}]}))
    with pytest.raises(UnavailableError, match="APB-NS-030"):
        client.restlet({"action": "changed"}, reads=restlet.changes, purpose="ask")


@pytest.mark.parametrize(
    "location", ["/vendorPayment/\u0663", f"/vendorPayment/{'9' * 5000}", "http://[", ""]
)
def test_a_location_that_names_no_record_is_told(location: str):
    client, answers = netsuite()
    answers.give(b"", 204, {"Location": location})
    assert "APB-NS-021" in said(lambda: client.create("vendorPayment", {}, purpose="post"))


@pytest.mark.parametrize("location", ["http://[", "//[::1", "http://a\x1b]8;;x/", "http://\u2100/"])
def test_a_redirect_to_no_address_is_told(location: str):
    client, answers = netsuite()
    answers.give(b"", 302, {"Location": location})
    says = said(lambda: client.get("vendor", "1", purpose="read"))
    assert "sends calls on to an address that is none" in says


@pytest.mark.parametrize("link", ["http://[", "//\u2100/", "a\tb", "\\\\evil.example", {"a": 1}, "x" * 9000])
def test_a_link_to_the_next_page_that_is_no_address_is_told(link: object):
    client, answers = avidxchange("partner")
    answers.give(json.dumps({"Vendors": [], "Paging": {"Links": [{"Rel": "next", "Href": link}]}}))
    assert "the link to the next page is no address" in said(lambda: list(client.shown("vendor")))


def test_links_that_lead_on_for_ever_come_to_an_end():
    client, answers = avidxchange("partner")
    answers.give(json.dumps({"Vendors": [], "Paging": {"Links": [{"Rel": "next", "Href": "x/"}]}}))
    assert "the pages do not end" in said(lambda: list(client.shown("vendor")))


@pytest.mark.parametrize("token", ["a\r\nX-Other: b", "\u2603", "", "a b"])
def test_a_token_that_no_header_can_carry_is_none(token: str):
    client, answers = netsuite()
    answers.sign_in = json.dumps({"access_token": token})
    client._sign_in._token._good_until = 0.0
    try:
        says = said(lambda: client.get("vendor", "1", purpose="read"))
    finally:
        answers.sign_in = b'{"access_token": "t"}'
    assert "a body without a token" in says


@pytest.mark.parametrize(
    ("text", "reader", "says"),
    [
        (ALIASES, from_yaml, "line 2, column 10: aliases (*) are not read here"),
        (ALIASES, values, "line 4, column 10: it holds more than 1000 values"),
        ("&a [*a]", values, "line 1, column 5: it holds itself"),
        ("- &a\n  b: {c: *a}\n", values, "line 2, column 10: it holds itself"),
        ("[" * 3000, from_yaml, "line 1, column 51: it is nested more than 50 deep"),
        ("[" * 3000, values, "line 1, column 51: it is nested more than 50 deep"),
        ("a: 1\nb: " + "9" * 5000, from_yaml, "line 2, column 4: it is no value"),
        ("a: 1\nb: " + "1:" * 90_000 + "1", from_yaml, "line 2, column 4: it is no value"),
        ("a: 1\nb: !!bool perhaps", values, "line 2, column 4: it is no value"),
        (
            "- a\n" * 2000,
            from_yaml,
            "line 1000, column 3: it holds more than 1000 values",
        ),
        (
            "a,b\n" * 2000,
            from_csv,
            "line 335, column 1: it holds more than 1000 rows and values",
        ),
        (f"a\n1\n{'x' * 140_000}\n", from_csv, "line 3, column 1: its quotes are not closed, or a value"),
    ],
    ids=[
        "alias",
        "453 bytes",
        "itself",
        "below",
        "deep",
        "deep too",
        "digits",
        "sixties",
        "bool",
        "items",
        "rows",
        "cell",
    ],
)
def test_a_file_that_would_take_for_ever_is_one_sentence_with_the_line(
    text: str, reader: Callable[[str], object], says: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(declared_file, "MAX_VALUES", 1000)
    assert said(lambda: reader(text)).startswith(says)


def test_a_date_that_is_none_stays_the_text_that_it_is():
    assert values("a: 2026-13-45\n") == from_yaml("a: 2026-13-45\n").value == {"a": "2026-13-45"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plugins: &a {extractors: [*a]}\n", "it holds itself"),
        (ALIASES, "it holds more than"),
        ("plugins: 5\n", "plugins is of another kind than Meltano takes"),
        ("plugins: {loaders: [{name: a, settings: [{}]}]}\n", "plugins.loaders.0.settings.0 has no name"),
    ],
)
def test_a_project_that_is_none_is_told_by_its_place(tmp_path: Path, text: str, problem: str):
    (tmp_path / "meltano.yml").write_text(text)
    assert problem in said(lambda: meltano.config(tmp_path, "target-avidxchange", {}))


def test_a_pattern_that_is_no_pattern_is_told_at_once_and_in_short(tmp_path: Path):
    file = tmp_path / "gl.csv"
    file.write_text(f"account,code\n6100,A\n{'a*' * 60_000},B\n")
    says = said(lambda: MappingTable.load(str(file), GL_MAPPING))
    assert "line 3, column 1" not in says
    assert "line 3" in says
    assert len(says) < 1000


@pytest.mark.parametrize("expression", ["(" * 3000, "!" * 3000 + "a", "a[" * 900], ids=["(", "!", "["])
def test_an_expression_of_a_profile_that_overflows_is_told_by_its_line(tmp_path: Path, expression: str):
    file = tmp_path / "ours.yaml"
    file.write_text(f"extends: partner\nname: ours\nerrors:\n  message: '{expression}'\n")
    says = said(lambda: Profile.load(str(file)))
    assert "line 4" in says
    assert "is not JMESPath" in says


def test_a_vault_nested_without_end_is_not_whole(tmp_path: Path):
    file = tmp_path / "vault.json"
    file.write_bytes(b"[" * 100_000)
    environ = {"APBRIDGE_VAULT": str(file), "APBRIDGE_VAULT_KEY": seeds.VAULT_KEY}
    assert "it is not whole" in said(lambda: Vault.open(environ))


def test_a_certificate_of_no_known_version_or_kind_is_told():
    good, _ = seeds.certificates()
    der = x509.load_pem_x509_certificate(good)
    import base64  # noqa: PLC0415

    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    spoilt = der.public_bytes(Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x11", 1)
    pem = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(spoilt).decode()}\n-----END CERTIFICATE-----\n"
    with pytest.raises(SettingError, match="it is no PEM certificate"):
        Certificate.from_pem(pem)


@pytest.mark.parametrize(
    "address", ["https://[", "https://a:99999", "https://a\\@b", "https://a\0b", "https://\u2100/"]
)
def test_a_base_url_that_is_no_address_is_told(address: str):
    with pytest.raises(SettingError, match="APB-SET-001"):
        settings.url(address)
