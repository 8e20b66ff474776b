"""Inputs that nobody means well with: what is valid, spoilt in a few places, and what never was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

LARGEST = 65_536
"""Bytes of an input: what is slow or hungry shows long before."""

JSON = (
    *(b"1e9999999999999999999999", b"-1e999999999", b"1e-999999999", b"0e-99999999", b"NaN", b"-0", b"1.5"),
    *(b"9" * 5000, b"9" * 40, b"1" + b"0" * 401 + b".5", b"null", b"true", b"[]", b"{}", b'""', b"[null]"),
    *(b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900, b"[" * 60, b'"\\ud800"', b'"\\u0000"'),
    *(b'"\xff\xfe"', b'"' + b"x" * 5000 + b'"', b'"\\u202e\\u001b]8;;x\\u0007"', b'{"a":{}}', b'[{"id":1}]'),
    *(b'"2026-13-45"', b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59-23:59"', b'"NaN"', b'"1e400"'),
    *(
        b'"http://["',
        b'"//evil.example/x"',
        b'"http://a b/"',
        b'"\\\\\\\\x"',
        b'"-1"',
        b'"\\u0663"',
        b'{"code":[]}',
    ),
)
YAML = (
    *(
        b"&a [*a]",
        b"*a",
        b"&a ",
        b"<<: *a",
        b"!!bool perhaps",
        b"!!timestamp x",
        b"!!float x",
        b"!!python/name:os.x",
    ),
    *(
        b"9" * 5000,
        b"1:" * 200 + b"1",
        b"1:" * 90 + b"1.5",
        b"0x" + b"f" * 5000,
        b".inf",
        b".nan",
        b"0b1",
        b"2026-13-45",
    ),
    *(
        b"[" * 900,
        b"{" * 900,
        b"- " * 100,
        b"? " * 100,
        b"|",
        b">",
        b"%YAML 9.9",
        b"---",
        b"...",
        b"\t",
        b"\0",
        b"\x85",
    ),
    *(
        b"{}",
        b"[]",
        b"null",
        b"~",
        b"'",
        b'"',
        b"{a: b}",
        b"\n- x",
        b"\xff",
        b"x" * 5000,
        b"*",
        b"**",
        b"`[`",
        b"((((" * 500,
    ),
    *(
        b"!" * 3000,
        b"foo[" * 500,
        b"{external_id.__class__}",
        b"{0}",
        b"{",
        b"a.b.c",
        b"sort_by(a, &b)",
        b"to_number(@)",
    ),
)
CSV = (
    b'"',
    b'""',
    b";",
    b",",
    b"\r",
    b"\r\n",
    b"\0",
    b"*",
    b"**",
    b"x" * 140_000,
    b"\xef\xbb\xbf",
    b"\x1b",
    b",,,,",
)
TEXT = (
    *(
        b"[",
        b"]",
        b"//",
        b"@",
        b":",
        b":99999",
        b"\\",
        b"%00",
        b"\r\n",
        b"\0",
        b" ",
        b"#",
        b"?",
        b"\xe2\x84\xa1",
        b"\xd9\xa3",
    ),
    *(
        b"http://[",
        b"https://a\\@b",
        b"1e400",
        b"-1",
        b"nan",
        b"inf",
        b"9" * 5000,
        b"99999999999",
        b"31 Feb",
        b"+9999",
    ),
    *(
        b"-----BEGIN CERTIFICATE-----",
        b"-----END PRIVATE KEY-----",
        b"MII",
        b"AAAA",
        b"\x1b[31m",
        b"\xff",
        b"=" * 9,
    ),
)

_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|true|false|null|\[\]|\{\}')


def mutant(seeds: Sequence[bytes], tokens: Sequence[bytes], seed: int) -> bytes:
    """Spoil one of some inputs in one to four places."""
    random = Random(seed)  # noqa: S311
    data = random.choice(seeds)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = random.choice(_WAYS)(data, tokens, random)
    return data[:LARGEST]


def inputs(seeds: Sequence[bytes], tokens: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Return what a parser is fuzzed with: mutants of valid inputs, and bytes and texts of any kind."""
    spoilt = st.integers(0, 2**63).map(lambda seed: mutant(seeds, tokens, seed))
    return spoilt | spoilt | spoilt | st.binary(max_size=200) | st.text(max_size=100).map(_encoded)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _put_value(data: bytes, tokens: Sequence[bytes], random: Random) -> bytes:
    """Put something else in the place of one value: the rest stays valid."""
    found = list(_VALUE.finditer(data))
    if not found:
        return _insert(data, tokens, random)
    place = random.choice(found)
    return data[: place.start()] + random.choice(tokens) + data[place.end() :]


def _insert(data: bytes, tokens: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(tokens) + data[at:]


def _remove(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + data[at + random.choice((1, 1, 2, 8, 64)) :]


def _cut(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeat(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    part = data[at : at + random.choice((1, 4, 20))]
    return data[:at] + part * random.choice((2, 3, 60, 2000)) + data[at:]


def _flip(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    if not data:
        return b"\x00"
    at = random.randrange(len(data))
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


_WAYS = (_put_value, _put_value, _put_value, _insert, _insert, _remove, _cut, _repeat, _flip)
