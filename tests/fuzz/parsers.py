"""Every parser of outside bytes: what it is fuzzed with, and the only errors that it may raise.

A parser is called by a function of this file that hands it bytes as they come from outside. Whatever it makes
of them is a value or an error with a code; any other exception is a hole.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
from hypothesis import strategies as st

from apbridge import json, settings
from apbridge.avidxchange.expressions import instant, utc_text
from apbridge.avidxchange.profile_files import shipped
from apbridge.errors import APBridgeError, RejectedError
from apbridge.http.plain_requests import PlainRequest
from apbridge.http.retry import retry_after
from apbridge.ledger.payloads import Payloads
from apbridge.ledger.search_keys import described
from apbridge.mapping import DIMENSION_MAPPING, GL_MAPPING
from apbridge.netsuite import Certificate, restlet
from apbridge.netsuite.catalog import record_fields
from apbridge.netsuite.clock import seconds_ahead
from apbridge.netsuite.keys import SigningKey
from apbridge.schemas import CANONICAL, schema, validator
from apbridge.singer import state as states
from apbridge.singer.note import Note, marked
from apbridge.singer.reader import MessageReader
from apbridge.singer.reading import incompleteness
from apbridge.singer.sink import content_hash
from apbridge.singer.tap import _loaded
from apbridge_operator.certificates import Certificates
from apbridge_operator.records import TAKEN, RecordCheck
from tap_netsuite_ap.records import Shape
from tests.fuzz import files, mutation, seeds
from tests.fuzz.canned import avidxchange, netsuite


@dataclass(frozen=True)
class Parser:
    """One parser.

    Args:
        parse: Hands it bytes.
        seeds: Inputs that it takes.
        tokens: What they are spoilt with.
        share: How many inputs of a campaign it gets, against the others: cheap ones get more.
    """

    parse: Callable[[bytes], object]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes] = mutation.JSON
    share: int = 1

    @property
    def inputs(self) -> st.SearchStrategy[bytes]:
        """What it is fuzzed with."""
        return mutation.inputs(self.seeds, self.tokens)


def holds(parser: Parser, data: bytes) -> bool:
    """Feed a parser; tell whether it took the input. Anything but an error with a code goes through."""
    try:
        parser.parse(data)
    except APBridgeError:
        return False
    return True


# Singer messages and records


class _Watch:
    def ending(self) -> AbstractContextManager[None]:
        return nullcontext()

    def idle(self) -> None:
        pass

    def busy(self) -> None:
        pass


def _singer(data: bytes) -> None:
    reader = MessageReader()
    reader.watch = _Watch()

    def on_record(message: dict[str, Any]) -> None:
        stream, record = reader.record_of(message)
        _taken(stream if stream in CANONICAL else "bills", record)

    def on_state(message: dict[str, Any]) -> None:
        _state(reader.state_of(message))

    def on_schema(message: dict[str, Any]) -> None:
        reader.schema_of(message)

    callbacks: dict[str, Callable[[dict[str, Any]], None]] = {
        "RECORD": on_record,
        "STATE": on_state,
        "SCHEMA": on_schema,
    }
    reader.process_lines(io.BytesIO(data), callbacks)


def _record(stream: str) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        with suppress(ValueError):
            _taken(stream, json.loads(data))

    return parse


def _taken(stream: str, record: Any) -> None:  # noqa: ANN401
    """Do with a record what a target does: check it, hash it, and keep it where it is rejected."""
    try:
        validator(stream)(record)
    except RejectedError:
        described(record)
        about = ("toy", stream, "name")
        Payloads(None).restore(Payloads(None).keep(record, *about)[0], *about)
    content_hash(record)
    json.dumps(record)


def _state(value: Any) -> None:  # noqa: ANN401
    Note.of(value)
    json.dumps(marked(value, {"generation": "g"}))
    states.held(value, value, {"bills"})
    states.is_whole(value, value, "bills")
    incompleteness(Note.of(value), value, {"bills"})


def _records_check(data: bytes) -> None:
    for into in TAKEN:
        RecordCheck(into, (), most=1).read(io.BytesIO(data))


def _record_check(stream: str) -> Callable[[bytes], None]:
    """Return what checks two messages of one record of a stream, which is told as it comes."""
    named = f'"stream":"{stream}"'.encode()
    begins = b'{"type":"SCHEMA",' + named + b',"schema":{"properties":{}}}\n'
    told = b'{"type":"RECORD",' + named + b',"record":%b}\n'

    def parse(data: bytes) -> None:
        line = told % data.replace(b"\n", b" ")
        _records_check(begins + line + line)

    return parse


def _tap_state(data: bytes) -> None:
    _state(_loaded(io.StringIO(data.decode(errors="replace"))))


# NetSuite


def _netsuite(
    ask: Callable[[Any], object], status: int = 200, *, is_header: str | None = None
) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        client, answers = netsuite()
        if is_header:
            answers.give(b"", status, {is_header: _as_header(data)})
        else:
            answers.give(data, status)
        ask(client)

    return parse


def _as_header(data: bytes) -> str:
    # A line ends a header on the wire.
    return data.decode("latin-1").replace("\r", "").replace("\n", "")


@cache
def _shapes() -> tuple[Shape, ...]:
    names = (
        "id",
        "total",
        "bill_date",
        "is_person",
        "subsidiary_ids",
        "remit_to__city",
        "name",
        "exchange_rate",
    )
    return tuple(Shape(schema(stream), names) for stream in ("bills", "vendors", "gl_accounts"))


def _rows(client: Any) -> None:  # noqa: ANN401
    page = client.suiteql("SELECT 1", purpose="read")
    for row in page.items:
        for shape in _shapes():
            json.dumps(shape.record(row))


def _restlet(reads: Callable[[Any], object]) -> Callable[[bytes], None]:
    return _netsuite(lambda client: client.restlet({"action": "x"}, reads=reads, purpose="ask"))


def _listing(answer: Any) -> object:  # noqa: ANN401
    found = restlet.listing(answer, ["7"])
    return [sorted(files, key=lambda one: int(one.id)) for files in found.files.values()]


def _netsuite_sign_in(data: bytes) -> None:
    client, answers = netsuite()
    answers.sign_in = None
    answers.give(data)
    try:
        client._sign_in._token._good_until = 0.0
        client._sign_in.headers()
        answers.sign_in, answers.body = b"", b"{}"
        PlainRequest().prepare("GET", "http://127.0.0.1", headers=dict(client._sign_in.headers()))
    finally:
        client._sign_in._token._good_until = 0.0
        answers.sign_in = b'{"access_token": "t"}'


def _response(name: str, data: bytes) -> requests.Response:
    response = requests.Response()
    response.headers[name] = _as_header(data)
    return response


def _redirect(data: bytes) -> None:
    client, answers = netsuite()
    answers.give(b"", 302, {"Location": _as_header(data)})
    client.get("vendor", "1", purpose="read")


# AvidXchange

_RESOURCES = ("vendor", "gl_account", "dimension_value", "invoice", "payment")


def _listed(profile: str) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        client, answers = avidxchange(profile)
        answers.give(data)
        for resource in _RESOURCES:
            with suppress(APBridgeError):
                for record in client.list(resource, place={"dimension": "class"}):
                    json.dumps(record)
                    content_hash(record)

    return parse


def _written(profile: str, status: int) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        client, answers = avidxchange(profile)
        answers.give(data, status)
        client.submit(client.cancellation("netsuite-1-vendorbill-1", "void"))

    return parse


def _avidxchange_sign_in(profile: str, status: int) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        client, answers = avidxchange(profile)
        token: Any = client._sign_in
        answers.sign_in = None
        answers.give(data, status)
        token._token._good_until = 0.0
        try:
            client._sign_in.headers()
        finally:
            token._token._good_until = 0.0
            answers.sign_in = b'{"access_token": "t"}'

    return parse


def _pem(read: Callable[[str], object]) -> Callable[[bytes], None]:
    return lambda data: _keep(read(data.decode("latin-1")))


def _keep(_: object) -> None:
    pass


def _instant(data: bytes) -> None:
    with suppress(ValueError):
        utc_text(instant(data.decode(errors="replace")))


def parsers() -> Mapping[str, Parser]:
    """Return every parser by its name."""
    return dict(_singer_parsers()) | dict(_netsuite_parsers()) | dict(_avidxchange_parsers()) | dict(_files())


def _singer_parsers() -> Iterator[tuple[str, Parser]]:
    yield "singer_lines", Parser(_singer, seeds.of("singer"), share=20)
    yield "records_check", Parser(_records_check, seeds.of("singer"))
    yield "tap_state", Parser(_tap_state, seeds.of("states"), share=20)
    for stream in ("vendors", "bills", "payments", "invoices"):
        name = f"record_{stream}"
        yield name, Parser(_record(stream), seeds.of(name), share=10)
        yield f"records_check_{stream}", Parser(_record_check(stream), seeds.of(name))


def _netsuite_parsers() -> Iterator[tuple[str, Parser]]:
    page = Parser(_netsuite(_rows), seeds.of("suiteql"), share=3)
    yield "netsuite_rows", page
    yield "netsuite_limits", Parser(_netsuite(lambda client: client.learn_limit()), seeds.of("limits"))
    yield (
        "netsuite_catalog",
        Parser(_netsuite(lambda one: record_fields(one, "vendorBill")), seeds.of("catalog")),
    )
    yield (
        "netsuite_certificates",
        Parser(_netsuite(lambda one: Certificates(one).listed()), seeds.of("certificates")),
    )
    for status in (400, 401, 429, 500):
        refused = _netsuite(lambda client: client.get("vendor", "1", purpose="read"), status)
        yield f"netsuite_answer_{status}", Parser(refused, seeds.of("netsuite_errors"))
    yield "netsuite_sign_in", Parser(_netsuite_sign_in, seeds.of("tokens"))
    created = _netsuite(
        lambda one: one.create("vendorPayment", {}, purpose="post"), 204, is_header="Location"
    )
    yield "netsuite_location", Parser(created, seeds.of("locations"), mutation.TEXT)
    yield "redirect", Parser(_redirect, seeds.of("locations"), mutation.TEXT)
    readers: dict[str, Callable[[Any], object]] = {
        "version": restlet.version,
        "try": restlet.trial,
        "permissions": restlet.permissions,
        "files": _listing,
        "changed": restlet.changes,
        "content": restlet.content,
        "contents": lambda answer: [one.decoded() for one in restlet.contents(answer) if one.content],
        "void": lambda answer: restlet.voided(answer, "5"),
        "attach": lambda answer: restlet.attached(answer, "5"),
    }
    for action, reads in readers.items():
        yield f"restlet_{action}", Parser(_restlet(reads), seeds.of(f"restlet_{action}"))
    for name, read in {"Retry-After": retry_after, "Date": seconds_ahead}.items():
        parse = lambda data, name=name, read=read: _keep(read(_response(name, data)))  # noqa: E731
        yield name.lower().replace("-", "_"), Parser(parse, seeds.of("moments"), mutation.TEXT, share=80)


def _avidxchange_parsers() -> Iterator[tuple[str, Parser]]:
    for profile in shipped():
        name = f"{profile}_lists"
        yield name, Parser(_listed(profile), seeds.of(name))
        for status in (200, 400, 409, 500):
            parser = Parser(_written(profile, status), seeds.of(f"{profile}_writes"))
            yield f"{profile}_write_{status}", parser
    yield "avidxchange_sign_in", Parser(_avidxchange_sign_in("partner", 200), seeds.of("tokens"))
    yield "avidxchange_sign_in_400", Parser(_avidxchange_sign_in("avidsuite", 400), seeds.of("tokens"))


def _files() -> Iterator[tuple[str, Parser]]:
    yield "profile", Parser(files.profile, seeds.profiles(), mutation.YAML)
    yield "api_description", Parser(files.api_description, seeds.api_descriptions())
    for setting in (GL_MAPPING, DIMENSION_MAPPING):
        for kind, tokens in (("csv", mutation.CSV), ("yaml", mutation.YAML)):
            name = f"{setting.removesuffix('_mapping')}_{kind}"
            read = files.mapping(f"{name}.{kind}", setting)
            yield name, Parser(read, seeds.of(name), tokens, share=3)
    yield "meltano_yml", Parser(files.meltano_project, seeds.projects(), mutation.YAML)
    yield "vault", Parser(files.vault, seeds.vaults(), share=4)
    yield "vault_key", Parser(files.key_file, [seeds.VAULT_KEY.encode()], mutation.TEXT, share=4)
    yield "private_key", Parser(_pem(SigningKey.from_pem), seeds.private_keys(), mutation.TEXT, share=10)
    yield "certificate", Parser(_pem(Certificate.from_pem), seeds.certificates(), mutation.TEXT, share=10)
    address = lambda data: _keep(settings.url(data.decode(errors="replace")))  # noqa: E731
    yield "base_url", Parser(address, seeds.of("addresses"), mutation.TEXT, share=80)
    yield "instant", Parser(_instant, seeds.of("moments"), mutation.TEXT, share=80)
