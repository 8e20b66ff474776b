"""Reading a query: SuiteQL's own SQL, which is Oracle's with less in it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import SqlglotError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import TokenType

from apbridge_sandbox.suiteql.errors import unparsable, unsupported
from apbridge_sandbox.suiteql.with_queries import put_in_place


class SuiteQL(Oracle):
    """Oracle's SQL with every function left as it is written, for `calls` to know or refuse."""

    class Parser(OracleParser):  # noqa: D106
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CAST": OracleParser.FUNCTION_PARSERS["CAST"]}


_DIALECT = SuiteQL()
# What it cannot parse is refused anyway; the client learns of it, the server's log need not.
logging.getLogger("sqlglot").setLevel(logging.ERROR)
_FORBIDDEN_TOKENS = frozenset(
    {TokenType.LIMIT, TokenType.OFFSET, TokenType.FOR, TokenType.DCOLON, TokenType.SEMICOLON}
)
_FORBIDDEN_WORDS = frozenset({"=="})
"""What parses to the same as something that is allowed (`LIMIT` as `TOP`) is looked for in the words."""


def parse(
    query: str, params: Sequence[object] = (), *, with_queries: bool = False
) -> exp.Select | exp.SetOperation:
    """Read one query.

    Args:
        query: In SuiteQL.
        params: The values that its marks `?` stand for, in their order: texts, numbers, None.
        with_queries: Whether WITH is taken.

    Raises:
        SuiteQLError: It is no SQL, more than one statement, or uses what SuiteQL does not have; or there are
            more or fewer marks than values.
    """
    try:
        tokens = _DIALECT.tokenize(query)
        statements = _DIALECT.parser().parse(tokens, query)
    except SqlglotError as error:
        raise unparsable(query) from error
    if any(token.token_type in _FORBIDDEN_TOKENS or token.text in _FORBIDDEN_WORDS for token in tokens):
        raise unsupported()
    found = [statement for statement in statements if statement is not None]
    if len(found) != 1 or not isinstance(found[0], exp.Select | exp.SetOperation):
        raise unsupported()
    marks = [*found[0].find_all(exp.Placeholder, bfs=False)]
    if len(marks) != len(params) or any(mark.this for mark in marks):
        raise unsupported()
    for mark, value in zip(marks, params, strict=True):
        mark.replace(_literal(value))
    if any(each.args.get("with_") for each in found[0].find_all(exp.Query)):
        # In which order marks would count that are in a WITH is nowhere said.
        if params or not with_queries:
            raise unsupported()
        put_in_place(found[0])
    return found[0]


def _literal(value: object) -> exp.Expr:
    if value is None:
        return exp.Null()
    if isinstance(value, str):
        return exp.Literal.string(value)
    number = exp.Literal.number(format(abs(Decimal(str(value))), "f"))
    return exp.Neg(this=number) if str(value).startswith("-") else number
