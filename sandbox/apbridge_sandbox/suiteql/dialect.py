"""Reading a query: SuiteQL's own SQL, which is Oracle's with less in it."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import SqlglotError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import TokenType

from apbridge_sandbox.suiteql.errors import unparsable, unsupported


class SuiteQL(Oracle):
    """Oracle's SQL with every function left as it is written, for `calls` to know or refuse."""

    class Parser(OracleParser):  # noqa: D106
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CAST": OracleParser.FUNCTION_PARSERS["CAST"]}


_DIALECT = SuiteQL()
# What it cannot parse is refused anyway; the client learns of it, the server's log need not.
logging.getLogger("sqlglot").setLevel(logging.ERROR)
_FORBIDDEN_TOKENS = frozenset({TokenType.LIMIT, TokenType.OFFSET, TokenType.WITH, TokenType.FOR})
"""`LIMIT` parses to the same as `TOP`, so the words themselves are looked at."""


def parse(query: str) -> exp.Select | exp.SetOperation:
    """Read one query.

    Raises:
        SuiteQLError: It is no SQL, more than one statement, or uses what SuiteQL does not have.
    """
    try:
        tokens = _DIALECT.tokenize(query)
        statements = _DIALECT.parser().parse(tokens, query)
    except SqlglotError as error:
        raise unparsable(query) from error
    if any(token.token_type in _FORBIDDEN_TOKENS for token in tokens):
        raise unsupported()
    found = [statement for statement in statements if statement is not None]
    if len(found) != 1 or not isinstance(found[0], exp.Select | exp.SetOperation):
        raise unsupported()
    return found[0]
