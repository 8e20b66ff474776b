"""`apbridge profile learn`: from descriptions and recordings to a draft that is checked, and says why."""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from apbridge.avidxchange import Profile
from apbridge.avidxchange.profile_files import source
from apbridge.errors import SettingError
from apbridge_operator.cli.app import run as main
from tests import recordings

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]
DESCRIPTIONS = ROOT / "sandbox" / "openapi"
SURFACES = ("avidconnect", "partner")


def drafted(apbridge: Apbridge, file: Path | str, *more: str) -> Any:  # noqa: ANN401
    return apbridge("profile", "learn", str(file), "--no-input", *more)


def written(project: Path, content: str | Any, name: str = "theirs.json") -> str:  # noqa: ANN401
    (project / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return name


def call(path: str, method: str = "get", *, answer: Any = None, body: Any = None, **more: Any) -> Any:  # noqa: ANN401
    told = {"content": {"application/json": {"schema": answer or {}}}}
    found: dict[str, Any] = {"responses": {"200": {"description": "", **told}}, **more}
    if body:
        found["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return {path: {method: found}}


def described(*calls: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    paths: dict[str, Any] = {}
    for one in calls:
        for path, methods in one.items():
            paths.setdefault(path, {}).update(methods)
    return {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": paths, **more}


def listed(*fields: str, **schemas: Any) -> Any:  # noqa: ANN401
    shown = {**{name: {"type": "string"} for name in fields}, **schemas}
    item = {"type": "object", "properties": shown}
    return {"type": "object", "properties": {"items": {"type": "array", "items": item}}}


@pytest.mark.parametrize("surface", SURFACES)
def test_a_whole_description_asks_nothing_and_reads_and_writes_as_the_profile_that_ships(
    apbridge: Apbridge, project: Path, surface: str
):
    ended = drafted(apbridge, DESCRIPTIONS / f"{surface}.json", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["open"], told["problems"]) == (0, [], [])
    # Nothing tells that credits are invoices below zero.
    assert [one["key"] for one in told["asked"]] == ([] if surface == "avidconnect" else ["resources.credit"])
    assert apbridge("profile", "check", "learned.yaml").code == 0
    ours = yaml.safe_load((project / "learned.yaml").read_text())["resources"]
    theirs = yaml.safe_load(source(surface))["resources"]
    for resource in ("vendor", "gl_account", "dimension_value"):
        assert ours[resource]["upsert"] == theirs[resource]["upsert"]
        assert ours[resource]["list"]["read"] == theirs[resource]["list"]["read"]
        assert ours[resource]["link"] == theirs[resource]["link"]
        assert ours[resource]["change"] == theirs[resource]["change"]
    assert ours["invoice"]["upsert"] == theirs["invoice"]["upsert"]
    assert ours["invoice"]["image"] == theirs["invoice"]["image"]
    assert ours["payment"]["stop"] == theirs["payment"]["stop"]
    assert ours["payment"]["list"]["external_id"] == theirs["payment"]["list"]["external_id"]


def test_credits_below_zero_are_told_so_once_somebody_says_that_they_are(apbridge: Apbridge, project: Path):
    written(project, {"resources.credit": "below zero"}, "answers.yaml")
    file = str(DESCRIPTIONS / "partner.json")
    assert apbridge("profile", "learn", file, "--answers", "answers.yaml").code == 0
    ours = yaml.safe_load((project / "learned.yaml").read_text())["resources"]
    theirs = yaml.safe_load(source("partner"))["resources"]
    assert ours["invoice"]["list"]["items"] == theirs["invoice"]["list"]["items"]
    assert ours["credit"]["list"]["items"] == theirs["credit"]["list"]["items"]
    assert ours["credit"]["list"]["read"] == theirs["credit"]["list"]["read"]
    assert ours["credit"]["cancel"] == theirs["credit"]["cancel"]
    sent = ours["credit"]["upsert"]["body"]
    assert (sent["InvoiceAmount"], sent["InvoiceDate"]) == ("negated(total)", "credit_date")
    assert sent["LineItems"]["fields"]["Amount"] == "negated(amount)"
    assert apbridge("profile", "check", "learned.yaml").code == 0


def test_the_same_description_makes_the_same_draft_and_each_line_says_why(apbridge: Apbridge, project: Path):
    for name in ("one.yaml", "other.yaml"):
        assert drafted(apbridge, DESCRIPTIONS / "partner.json", "--out", name).code == 0
    one, other = ((project / name).read_text() for name in ("one.yaml", "other.yaml"))
    assert one.replace("name: one", "name: other") == other
    assert "  list:  # GET /api/v2/payments\n" in one
    assert "        terms: PaymentTerms  # its name is like payment term, text (1.00)\n" in one
    assert yaml.safe_load(one)["evidence"]["otherwise"] == "documented"


@pytest.mark.parametrize(
    ("content", "sure"), [(recordings.har(), "seen"), (recordings.postman(), "documented")]
)
def test_of_what_was_recorded_no_value_is_kept_and_secrets_are_counted(
    apbridge: Apbridge, project: Path, content: str, sure: str
):
    held = [secret for secret in recordings.SECRETS if secret in content]
    assert len(held) > 3
    file = written(project, content)
    shown = drafted(apbridge, file)
    told = drafted(apbridge, file, "--json", "--out", "other.yaml")
    draft = (project / "learned.yaml").read_text()
    for text in (draft, shown.out, shown.err, told.out, told.err):
        assert [secret for secret in recordings.SECRETS if secret in text] == []
    stripped = json.loads(told.out)["stripped"]
    assert f"Left {sum(stripped.values())} secrets behind (" in shown.out
    if sure == "seen":
        # Five calls with two signing headers and a cookie each; a key in a query; what is in bodies, ids of
        # taxes among it.
        assert stripped == {"headers": 15, "cookies": 5, "query": 1, "body": 7}
    declared = yaml.safe_load(draft)
    assert declared["evidence"]["otherwise"] == sure
    assert declared["sign_in"] == {"headers": {"X-Company-Token": "company_token"}}
    assert declared["resources"]["vendor"]["upsert"]["path"] == "/api/vendors/{external_id}"
    status = declared["resources"]["payment"]["list"]["read"]["status"]
    assert status == {"map": "paymentStatus", "values": {"Cleared": "settled"}, "otherwise": "unknown"}


@pytest.mark.parametrize("how", ["har", "postman"])
def test_secrets_in_the_place_of_names_are_left_behind_too(apbridge: Apbridge, project: Path, how: str):
    at = "https://x.example/api"
    secrets = {
        "dXNlcjpwYXNzd29yZA==": "/{}/vendors",
        "clerk@private.example": "/{}/gl-accounts",
        "A1B2C3D4": "/invoices;jsessionid={}",
        "key:abc123def:x": "/{}/payments",
        "xQzLmWpRtYkJ": "/departments/{}/values",
        "letters-only": "/access-token/{}/purchase-orders",
        "bare9Query8Token7123": "/credit-memos?{}",
        "eyJhbGciOiJIUzI1NiJ9": "/payments?{}=1",
    }
    record = {
        "id": 1,
        "externalId": "a",
        "name": "Acme",
        "secret": {"status": "Hunterwords"},
        "M4p5K6e7Y8toRecord": 1,
    }
    calls = [(f"{at}{path.format(secret)}", {"items": [record]}) for secret, path in secrets.items()]
    document = recordings.har_of(calls) if how == "har" else recordings.postman_of(calls)
    file = written(project, document)
    told = [drafted(apbridge, file), drafted(apbridge, file, "--json", "--out", "other.yaml")]
    text = (project / "learned.yaml").read_text() + "".join(one.out + one.err for one in told)
    assert [one for one in (*secrets, "Hunterwords", "M4p5K6e7Y8toRecord") if one in text] == []
    assert "GET /api/invoices" in text


def test_answers_in_base64_and_statuses_in_texts_are_read_and_a_long_recording_too(
    apbridge: Apbridge, project: Path
):
    calls = [
        ("https://x.example/api/payments", {"payments": [recordings.payment()], "padding": "x" * 4_000_000})
    ]
    document = recordings.har_of(calls)
    response = document["log"]["entries"][0]["response"]
    response["status"] = "200"
    response["content"] = {
        "encoding": "base64",
        "text": base64.b64encode(response["content"]["text"].encode()).decode(),
    }
    drafted(apbridge, written(project, document))
    read = yaml.safe_load((project / "learned.yaml").read_text())["resources"]["payment"]["list"]["read"]
    assert read["amount"] == "paymentAmount"


def test_what_is_open_is_marked_and_nothing_runs_by_such_a_draft(apbridge: Apbridge, project: Path):
    ended = drafted(apbridge, written(project, recordings.har()))
    assert ended.code == 1
    assert "  OPEN  resources.invoice.list: which call is list of invoices." in ended.out
    checked = apbridge("profile", "check", "learned.yaml")
    assert checked.code == 0
    assert "It is a draft, by which nothing runs: " in checked.out
    with pytest.raises(
        SettingError, match=r"is a draft: \d+ of its keys are open, the first is errors.message"
    ):
        Profile.load("learned.yaml")


def test_a_file_of_answers_settles_what_is_open_and_that_is_yours(apbridge: Apbridge, project: Path):
    vendor = listed("id", "externalId", "name", "moniker", "updatedAt", enabled={"type": "boolean"})
    payments = listed(
        "id", "updatedAt", amount={"type": "number"}, status={"type": "string", "enum": ["PAID", "LIMBO"]}
    )
    file = written(project, described(call("/vendors", answer=vendor), call("/payments", answer=payments)))
    answers = {
        "resources.vendor.list.read.print_on_check_as": "moniker",
        "resources.payment.list.read.status.values.LIMBO": "processing",
        "resources.payment.list.read.allocations": "lines",
        "resources.vendor.list.next": None,
        "nothing.asks.this": "x",
    }
    written(project, answers, "answers.yaml")
    ended = apbridge("profile", "learn", file, "--answers", "answers.yaml", "--json")
    told = json.loads(ended.out)
    asked = {one["key"]: one for one in told["asked"]}
    assert asked["resources.payment.list.read.status.values.LIMBO"]["candidates"][0] == "processing"
    assert "nothing.asks.this" in told["unused"]
    declared = yaml.safe_load((project / "learned.yaml").read_text())
    read = declared["resources"]["payment"]["list"]["read"]
    assert read["status"]["values"] == {"PAID": "settled", "LIMBO": "processing"}
    assert read["allocations"] == "lines"
    assert declared["evidence"]["resources.payment.list.read.status"] == "yours"
    assert declared["evidence"]["resources.payment.list.read.allocations"] == "yours"


def test_whoever_sits_there_is_asked_only_what_is_open(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    statuses = {"type": "string", "enum": ["PAID", "LIMBO"]}
    payments = listed("id", "updatedAt", amount={"type": "number"}, status=statuses, bills={"type": "array"})
    payments["properties"]["nextLink"] = {"type": "string"}
    file = written(project, described(call("/payments", answer=payments)))
    monkeypatch.setattr(sys, "argv", ["apbridge", "profile", "learn", file])
    # Operations, the header that signs in and the refusal's message stay open; then comes the unknown word.
    monkeypatch.setattr(sys, "stdin", Terminal("\n" * 11 + "1\n" + "\n" * 20))
    with pytest.raises(SystemExit):
        main()
    out = capsys.readouterr().out
    assert "resources.payment.list.read.status.values.LIMBO: what 'LIMBO' stands for?" in out
    assert "  1  processing" in out
    assert "resources.payment.list.read.amount" not in out.split("is written")[0]
    declared = yaml.safe_load((project / "learned.yaml").read_text())
    assert declared["resources"]["payment"]["list"]["read"]["status"]["values"]["LIMBO"] == "processing"


def test_swagger_2_is_read_too(apbridge: Apbridge, project: Path):
    item = {"type": "object", "properties": {"id": {"type": "integer"}, "externalId": {"type": "string"}}}
    document = {
        "swagger": "2.0",
        "info": {"title": "", "version": ""},
        "basePath": "/v9",
        "securityDefinitions": {
            "o": {
                "type": "oauth2",
                "flow": "application",
                "tokenUrl": "https://x.example/token",
                "scopes": {},
            }
        },
        "definitions": {"Vendor": item},
        "paths": {
            "/vendors": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "",
                            "schema": {"type": "array", "items": {"$ref": "#/definitions/Vendor"}},
                        }
                    }
                }
            },
            "/vendors/{externalId}": {
                "put": {
                    "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Vendor"}}],
                    "responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/Vendor"}}},
                }
            },
        },
    }
    drafted(apbridge, written(project, yaml.safe_dump(document), "theirs.yaml"))
    declared = yaml.safe_load((project / "learned.yaml").read_text())
    assert declared["sign_in"]["oauth"] == {"token_url": "https://x.example/token"}
    vendor = declared["resources"]["vendor"]
    assert (vendor["list"]["path"], vendor["list"]["items"]) == ("/v9/vendors", "@")
    assert vendor["upsert"]["path"] == "/v9/vendors/{external_id}"


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server to which references lead, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


BEARER = {"type": "http", "scheme": "bearer"}
PASSWORD = {"type": "oauth2", "flows": {"password": {"tokenUrl": "/token", "scopes": {}}}}


@pytest.mark.parametrize(
    ("ways", "security", "sign_in"),
    [
        ({"key": BEARER}, [{"key": []}], {"bearers": {"Authorization": "api_key"}}),
        (
            {"gateway": BEARER, "user": PASSWORD},
            [{"gateway": [], "user": []}],
            {
                "oauth": {"token_url": "/token", "grant": "password", "header": "OPEN"},
                "bearers": {"Authorization": "gateway_key"},
            },
        ),
        # Another word for the token.
        (
            {"bearer": BEARER, "user": PASSWORD},
            [{"bearer": []}, {"user": []}],
            {"oauth": {"token_url": "/token", "grant": "password"}},
        ),
    ],
)
def test_a_bearer_that_is_told_once_for_all_is_told_from_a_token(
    apbridge: Apbridge, project: Path, ways: object, security: object, sign_in: object
):
    document = described(call("/vendors"), components={"securitySchemes": ways}, security=security)
    drafted(apbridge, written(project, document))
    assert yaml.safe_load((project / "learned.yaml").read_text())["sign_in"] == sign_in


@pytest.mark.parametrize("links", [True, False])
def test_a_list_that_counts_its_pages_is_not_taken_for_whole_without_a_link(
    apbridge: Apbridge, project: Path, *, links: bool
):
    number = {"type": "integer"}
    answer = listed("id", "status", amount={"type": "number"})
    answer["properties"]["paging"] = {
        "type": "object",
        "properties": {"pageNumber": number, "pageCount": number},
    }
    if links:
        answer["properties"]["paging"]["properties"]["links"] = {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"rel": {"type": "string"}, "href": {"type": "string"}},
            },
        }
    page = {"name": "pageNumber", "in": "query", "schema": number}
    drafted(apbridge, written(project, described(call("/payments", answer=answer, parameters=[page]))))
    payment = yaml.safe_load((project / "learned.yaml").read_text())["resources"]["payment"]
    assert payment["list"]["next"]["more"] == "paging.pageNumber < paging.pageCount"
    assert ("link" in payment["list"]["next"]) is links


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("VendorExternalSystemID", {"Id": "remote_id", "VendorExternalSystemID": "external_id"}),
        ("Whatever", {"Id": "remote_id", "OPEN": "external_id"}),
    ],
)
def test_a_call_that_sets_an_external_id_is_not_drafted_without_it(
    apbridge: Apbridge, project: Path, name: str, body: object
):
    text = {"type": "string"}
    sent = {"type": "object", "properties": {"Id": text, name: text}}
    document = described(
        call("/vendors/externalids", "post", body=sent), call("/vendors", answer=listed("id"))
    )
    drafted(apbridge, written(project, document))
    vendor = yaml.safe_load((project / "learned.yaml").read_text())["resources"]["vendor"]
    assert vendor["link"]["body"] == body


def test_no_reference_is_followed_out_of_the_file_and_it_says_so(
    apbridge: Apbridge, project: Path, elsewhere: tuple[str, list[str]]
):
    url, asked = elsewhere
    (project / "secret.json").write_text('{"type": "object", "properties": {"fromAnotherFile": {}}}')
    document = described(
        call("/vendors", answer={"$ref": f"{url}/vendor.json?key=k3y-in-a-reference"}),
        call("/payments", answer={"$ref": "secret.json"}),
        call("/invoices", answer={"$ref": "https://clerk:p4ssword@files.example/invoice.json"}),
    )
    ended = drafted(apbridge, written(project, document))
    assert asked == []
    others = "secret.json, https://files.example/invoice.json"
    assert f"Did not follow 3 references: {url}/vendor.json, {others}." in ended.out
    assert "k3y-in-a-reference" not in ended.out
    assert "p4ssword" not in ended.out
    assert "fromAnotherFile" not in (project / "learned.yaml").read_text()


def test_what_refers_to_itself_ends(apbridge: Apbridge, project: Path):
    node = {"type": "object", "properties": {"id": {"type": "string"}}}
    node["properties"]["parent"] = {"$ref": "#/components/schemas/Node"}  # type: ignore[index]
    node["properties"]["children"] = {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}  # type: ignore[index]
    schemas = {
        "Node": node,
        "Loop": {"$ref": "#/components/schemas/Loop"},
        "All": {"allOf": [{"$ref": "#/components/schemas/All"}]},
    }
    document = described(
        call("/vendors", answer={"type": "array", "items": {"$ref": "#/components/schemas/Node"}}),
        call("/payments", answer={"$ref": "#/components/schemas/Loop"}),
        call("/invoices", answer={"$ref": "#/components/schemas/All"}),
        components={"schemas": schemas},
    )
    assert drafted(apbridge, written(project, document)).code == 1
    assert apbridge("profile", "check", "learned.yaml").code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[" * 100_000, "cannot be read"),
        ('{"openapi": "3.1.0"', "cannot be read"),
        ("a: &a [*a]", "it holds itself"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b", "cannot be read"),
        ('{"openapi": "3.1.0", "paths": {}}', "it describes no call"),
        ('{"name": "a profile"}', "it describes no call"),
        ("5", "it describes no call"),
        ("", "it describes no call"),
    ],
)
def test_what_is_no_description_is_one_sentence(apbridge: Apbridge, project: Path, content: str, says: str):
    ended = drafted(apbridge, written(project, content))
    assert ended.code == 2
    assert says in ended.err
    assert (ended.err.count("\n"), ended.err.count("APB-CLI-020")) == (1, 1)
    assert not (project / "learned.yaml").exists()


def test_a_draft_is_not_written_over_what_is_there(apbridge: Apbridge, project: Path):
    (project / "learned.yaml").write_text("mine")
    ended = drafted(apbridge, DESCRIPTIONS / "partner.json")
    assert (ended.code, "APB-CLI-021" in ended.err) == (2, True)
    assert (project / "learned.yaml").read_text() == "mine"


def test_the_commands_of_the_document_do_what_is_said(apbridge: Apbridge, project: Path):
    text = (ROOT / "docs" / "writing-a-profile.md").read_text()
    section = text.split("## Learn it from what you have")[1].split("\n## ")[0]
    (block,) = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    (project / "sandbox").symlink_to(ROOT / "sandbox")
    lines = block.splitlines()
    assert len(lines) == 2
    for line in lines:
        program, *words = line.split()
        assert (program, apbridge(*words).code) == ("apbridge", 0)
    (answers,) = re.findall(r"```yaml\n# answers.yaml\n(.*?)```", section, re.DOTALL)
    written(project, answers, "answers.yaml")
    ended = apbridge(
        *("profile", "learn", "sandbox/openapi/partner.json", "--answers", "answers.yaml", "--json")
    )
    assert set(json.loads(ended.out)["unused"]) == set(yaml.safe_load(answers))
