"""Reads both systems' vendors and codes: what is to be paired, and what is linked already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import chain
from typing import Any, NamedTuple

from apbridge.avidxchange import AvidXchange
from apbridge.errors import SettingError
from apbridge.likeness import address, last_four, tax_digits, town
from apbridge.links import Links
from apbridge.mapping import Coding
from apbridge.netsuite import NetSuite
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader
from apbridge.schemas.identifiers import (
    DIMENSIONS,
    GL_ACCOUNT,
    VENDOR,
    external_id,
    netsuite_id,
    netsuite_namespace,
)
from apbridge_operator.matching.pairing import MatchParty, several

_VENDORS = Query.load(__package__, "vendors", "read vendors", ["id"])
_GL_ACCOUNTS = Query.load(__package__, "gl_accounts", "read GL accounts", ["id"])
_DEPARTMENTS = Query.load(__package__, "departments", "read departments", ["id"])
_CLASSES = Query.load(__package__, "classes", "read classes", ["id"])
_LOCATIONS = Query.load(__package__, "locations", "read locations", ["id"])
_QUERIES = {one.name: one for one in (_VENDORS, _GL_ACCOUNTS, _DEPARTMENTS, _CLASSES, _LOCATIONS)}


class LinkedStream(NamedTuple):
    """A stream whose records can be linked.

    Args:
        name: The stream.
        resource: What a profile calls its records.
        kind: Their kind in external ids.
        dimension: Whose values they are, where they are a dimension's.
    """

    name: str
    resource: str
    kind: str
    dimension: str | None = None

    @property
    def place(self) -> Mapping[str, str]:
        """What AvidXchange's list of them needs."""
        return {"dimension": self.dimension} if self.dimension else {}


VENDORS = (LinkedStream("vendors", "vendor", VENDOR),)
CODES = (
    LinkedStream("gl_accounts", "gl_account", GL_ACCOUNT),
    *(
        LinkedStream(stream, "dimension_value", kind, dimension)
        for dimension, (stream, kind) in DIMENSIONS.items()
    ),
)


class ReadParties(NamedTuple):
    """What is to be paired of one stream.

    Args:
        here: Records of NetSuite that are linked to nothing.
        there: Records of AvidXchange that are linked to nothing.
        linked: How many are linked, or were made by us.
        shared_taxes: Tax ids that several records of one side have, whatever they are linked to.
    """

    here: list[MatchParty]
    there: list[MatchParty]
    linked: int
    shared_taxes: frozenset[str]


def read(
    stream: LinkedStream, netsuite: NetSuite, avidxchange: AvidXchange, links: Links, coding: Coding
) -> ReadParties:
    """Read the records of a stream in both systems, those that are linked left out.

    Raises:
        APBridgeError: One of the systems could not be asked.
    """
    there = everything(avidxchange, stream)
    namespace = netsuite_namespace(netsuite.account)
    # Another account's external ids, such as those of a copy for tests, are nobody's here.
    ours = {one["external_id"] for one in there if _is_ours(one["external_id"], netsuite.account)}
    ours |= {link.external_id for link in links if link.stream == stream.name}
    account = netsuite.account
    taken = {
        one.remote_id for one in links if one.stream == stream.name and _is_ours(one.external_id, account)
    }
    rows = list(_rows(netsuite, stream))
    here = [_here(row, external_id(namespace, stream.kind, row["id"]), stream, coding) for row in rows]
    left = [one for one in here if one.id not in ours]
    parties = [_there(one) for one in there]
    free = [one for one in parties if one.id not in taken and one.external_id not in ours]
    shared = frozenset(several(here) | several(parties))
    return ReadParties(left, free, len(here) - len(left), shared)


def everything(avidxchange: AvidXchange, stream: LinkedStream) -> list[dict[str, Any]]:
    """List what AvidXchange has of a stream, whoever entered it.

    Raises:
        SettingError: As the client's `everything`.
    """
    try:
        return list(avidxchange.everything(stream.resource, place=stream.place))
    except SettingError as refused:
        if stream.dimension and refused.facts.get("status") == HTTPStatus.NOT_FOUND:
            return []  # it has no such dimension
        raise


def _is_ours(name: str | None, account: str) -> bool:
    found = netsuite_id(name or "")
    return found is not None and found.account == account


def _rows(netsuite: NetSuite, stream: LinkedStream) -> Iterator[Row]:
    with Reader(netsuite, Features()) as reader:
        yield from chain.from_iterable(reader.pages(_QUERIES[stream.name]))


def _here(row: Row, name: str, stream: LinkedStream, coding: Coding) -> MatchParty:
    if stream.resource == "vendor":
        return _vendor(name, row, row)
    code = (
        coding.dimension_code(stream.dimension, row["id"], None)
        if stream.dimension
        else coding.gl_code(row["id"], row.get("number_"), None)
    )
    return MatchParty(name, row["name"], code=str(code))


def _there(record: Mapping[str, Any]) -> MatchParty:
    name = str(record.get("external_id") or "")
    if "code" in record or "is_postable" in record:
        code = str(record.get("code") or record.get("number") or "")
        return MatchParty(str(record["id"]), str(record["name"]), code=code, external_id=name)
    return _vendor(str(record["id"]), record, record.get("remit_to") or {}, name)


def _vendor(own: str, record: Mapping[str, Any], remit_to: Mapping[str, Any], name: str = "") -> MatchParty:
    others = (record.get("legal_name"), record.get("print_on_check_as"), remit_to.get("addressee"))
    parts = (remit_to.get(each) for each in ("line1", "city", "state", "postal_code"))
    return MatchParty(
        own,
        str(record["name"]),
        tuple(str(one) for one in others if one),
        tax=tax_digits(record.get("tax_id")),
        tax_shown=last_four(record.get("tax_id")),
        address=address(remit_to),
        town=town(remit_to),
        address_shown=", ".join(str(part) for part in parts if part),
        external_id=name,
    )
