"""Expressions and conditions, compiled to SQLite's SQL. What is not named here is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlglot import exp

from apbridge_sandbox.suiteql import clauses
from apbridge_sandbox.suiteql.calls import (
    AGGREGATES,
    aggregate,
    arithmetic,
    call,
    common_kind,
)
from apbridge_sandbox.suiteql.catalogue import Display, ValueKind, catalogue
from apbridge_sandbox.suiteql.errors import unsupported
from apbridge_sandbox.suiteql.sources import Scope
from apbridge_sandbox.suiteql.terms import (
    Term,
    alike,
    as_text,
    comparison,
    number_literal,
    quoted,
    text_literal,
)

MOST_IN_ARGUMENTS = 1000
"""Most arguments of one IN (NetSuite: SuiteQL)."""

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_OPERATORS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_NOW = Term(":now", ValueKind.INSTANT, nullable=False)
_SYSDATE = Term(":local_now", ValueKind.WALL, nullable=False)
_RANKS = frozenset({"ROW_NUMBER", "RANK", "DENSE_RANK"})
_KNOWN_WINDOW_PARTS = frozenset({"this", "partition_by", "order", "over"})
_MOMENTS = {"current_timestamp": _NOW, "systimestamp": _NOW, "current_date": _SYSDATE}


class Subqueries(Protocol):
    """What compiles a select inside an expression."""

    def nested(self, node: exp.Expr, around: Scope) -> tuple[str, ValueKind]:
        """Return its SQL and the kind of its one column."""
        ...

    def exists(self, node: exp.Expr, around: Scope) -> str:
        """Return its SQL, whatever its columns are."""
        ...


class Expressions:
    """Compiles the expressions of one select.

    Args:
        scope: Where columns are found.
        selects: What compiles selects inside.
    """

    def __init__(self, scope: Scope, selects: Subqueries) -> None:
        self.scope = scope
        self.loose: set[str] = set()
        """Columns used outside every aggregate and every grouped expression."""
        self.aggregates = False
        self.grouped: frozenset[str] = frozenset()
        self.row_number: Term | None = None
        self._selects = selects
        self._terms: dict[type[exp.Expr], Callable[[Any], Term]] = {
            exp.Column: self._column,
            exp.Literal: _literal,
            exp.Null: lambda _: Term("NULL", ValueKind.NULL),
            exp.Paren: lambda node: self.term(node.this),
            exp.Neg: self._negative,
            exp.DPipe: lambda node: self._called("CONCAT", [node.this, node.expression]),
            exp.Case: self._case,
            exp.Anonymous: self._function,
            exp.Window: self._rank,
            exp.Dot: self._display,
            exp.Cast: self._cast,
            exp.Subquery: self._subquery,
            exp.CurrentTimestamp: lambda _: _SYSDATE,
        }
        self._conditions: dict[type[exp.Expr], Callable[[Any], str]] = {
            exp.Paren: lambda node: self.condition(node.this),
            exp.Not: lambda node: f"(NOT {self.condition(node.this)})",
            exp.Is: self._is_null,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Exists: lambda node: f"EXISTS ({selects.exists(node.this, scope)})",
        }

    def term(self, node: exp.Expr) -> Term:
        """Compile an expression.

        Raises:
            SuiteQLError: It is refused.
        """
        loose = set(self.loose) if self.grouped else set()
        operator = _OPERATORS.get(type(node))
        if operator is not None:
            term = arithmetic(operator, self.term(node.this), self.term(node.expression))
        else:
            compiled = self._terms.get(type(node))
            if compiled is None:
                raise unsupported()
            term = compiled(node)
        if term.sql in self.grouped:
            self.loose = loose
        return term

    def condition(self, node: exp.Expr) -> str:
        """Compile a condition.

        Raises:
            SuiteQLError: It is refused.
        """
        if isinstance(node, exp.And | exp.Or):
            word = " AND " if isinstance(node, exp.And) else " OR "
            return f"({word.join(self.condition(part) for part in node.flatten(unnest=False))})"
        operator = _COMPARISONS.get(type(node))
        if operator is not None:
            return comparison(operator, self.term(node.this), self.term(node.expression))
        compiled = self._conditions.get(type(node))
        if compiled is None:
            raise unsupported()
        return compiled(node)

    @contextmanager
    def inside_aggregate(self) -> Iterator[None]:
        """Compile what an aggregate is over: its columns need no GROUP BY."""
        loose = set(self.loose)
        yield
        self.loose = loose
        self.aggregates = True

    def _column(self, node: exp.Column) -> Term:
        if node.args.get("join_mark") or isinstance(node.this, exp.Star) or node.args.get("db"):
            raise unsupported()
        name, alias = node.name.lower(), node.table.lower() or None
        if alias is None and name == "rownum":
            if self.row_number is None:
                raise unsupported()
            return self.row_number
        if alias is None and name in _MOMENTS:
            return _MOMENTS[name]
        term = self.scope.find(name, alias)
        self.loose.add(term.sql)
        return term

    def _negative(self, node: exp.Neg) -> Term:
        term = self.term(node.this)
        if not term.kind.is_numeric:
            raise unsupported()
        if term.literal is not None:
            return number_literal(f"-{term.literal}")
        return Term(f"(-{term.sql})", term.kind)

    def _case(self, node: exp.Case) -> Term:
        subject = self.term(node.this) if node.this else None
        whens, given = "", []
        for branch in node.args["ifs"]:
            if subject is None:
                tested = self.condition(branch.this)
            else:
                tested = comparison("=", subject, self.term(branch.this))
            given.append(self.term(branch.args["true"]))
            whens += f" WHEN {tested} THEN {given[-1].sql}"
        if node.args.get("default"):
            given.append(self.term(node.args["default"]))
            whens += f" ELSE {given[-1].sql}"
        return Term(f"(CASE{whens} END)", common_kind(given))

    def _function(self, node: exp.Anonymous) -> Term:
        name = str(node.this).upper()
        if name in AGGREGATES:
            return self._aggregate(name, node.expressions)
        return self._called(name, node.expressions)

    def _rank(self, node: exp.Window) -> Term:
        name = str(node.this.this).upper()
        if name not in _RANKS or node.this.expressions or not node.args.get("order"):
            raise unsupported()
        if any(value for part, value in node.args.items() if part not in _KNOWN_WINDOW_PARTS):
            raise unsupported()
        if clauses.ranks([*(node.args.get("partition_by") or ()), node.args["order"]]):
            raise unsupported()
        parts = ", ".join(self.term(each).sql for each in node.args.get("partition_by") or ())
        order = []
        for ordered in node.args["order"].expressions:
            term = self.term(ordered.this)
            order.append(f"{term.sql} {clauses.direction(ordered, nullable=term.nullable)}")
        if name == "ROW_NUMBER":
            # Which of several tied rows comes first is nowhere said.
            order.append("ns_shuffle()")
        over = f"{f'PARTITION BY {parts} ' if parts else ''}ORDER BY {', '.join(order)}"
        return Term(f"{name}() OVER ({over})", ValueKind.NUMBER, nullable=False)

    def _called(self, name: str, arguments: list[exp.Expr]) -> Term:
        return call(name, [self.term(argument) for argument in arguments])

    def _aggregate(self, name: str, arguments: list[exp.Expr]) -> Term:
        if len(arguments) != 1:
            raise unsupported()
        (argument,) = arguments
        if isinstance(argument, exp.Star):
            self.aggregates = True
            if name != "COUNT":
                raise unsupported()
            return Term("COUNT(*)", ValueKind.NUMBER, nullable=False)
        distinct = isinstance(argument, exp.Distinct)
        if distinct:
            if len(argument.expressions) != 1:
                raise unsupported()
            (argument,) = argument.expressions
        if clauses.ranks([argument]):
            # Oracle: window functions are not allowed here.
            raise unsupported()
        with self.inside_aggregate():
            over = self.term(argument)
        return aggregate(name, over, distinct=distinct)

    def _display(self, node: exp.Dot) -> Term:
        function = node.expression
        if node.this.name.upper() != "BUILTIN" or not isinstance(function, exp.Anonymous):
            raise unsupported()
        if str(function.this).upper() != "DF" or len(function.expressions) != 1:
            raise unsupported()
        term = self.term(function.expressions[0])
        if term.bare is None:
            raise unsupported()
        shown = catalogue().displays.get(term.shows or "")
        if shown is None or (shown.of and not term.alias):
            return Term(as_text(term), ValueKind.TEXT)
        return Term(_shown(shown, term), ValueKind.TEXT)

    def _cast(self, node: exp.Cast) -> Term:
        term = self.term(node.this)
        if node.to.is_type(*exp.DataType.TEXT_TYPES):
            return Term(as_text(term), ValueKind.TEXT)
        if node.to.is_type(*exp.DataType.INTEGER_TYPES):
            return Term(f"CAST({term.sql} AS INTEGER)", ValueKind.NUMBER)
        if node.to.is_type(*exp.DataType.NUMERIC_TYPES):
            return Term(f"CAST({term.sql} AS NUMERIC)", ValueKind.NUMBER)
        raise unsupported()

    def _subquery(self, node: exp.Subquery) -> Term:
        sql, kind = self._selects.nested(node.this, self.scope)
        only = f'(WITH "$o"(v) AS ({sql}) SELECT ns_only(v) FROM "$o")'  # noqa: S608 - compiled here
        return Term(only, kind)

    def _in(self, node: exp.In) -> str:
        subject = self.term(node.this)
        if query := node.args.get("query"):
            sql, _ = self._selects.nested(query.unnest(), self.scope)
            return f"({subject.sql} IN ({sql}))"
        if not node.expressions or len(node.expressions) > MOST_IN_ARGUMENTS:
            raise unsupported()
        items = [self.term(item) for item in node.expressions]
        if subject.kind is not ValueKind.STATUS:
            pairs = [alike(subject, item) for item in items]
            if all(left is subject for left, _ in pairs):
                return f"({subject.sql} IN ({', '.join(right.sql for _, right in pairs)}))"
        return f"({' OR '.join(comparison('=', subject, item) for item in items)})"

    def _between(self, node: exp.Between) -> str:
        if node.args.get("symmetric") is not None:
            raise unsupported()
        subject = self.term(node.this)
        low = comparison(">=", subject, self.term(node.args["low"]))
        return f"({low} AND {comparison('<=', subject, self.term(node.args['high']))})"

    def _is_null(self, node: exp.Is) -> str:
        if not isinstance(node.expression, exp.Null):
            raise unsupported()
        return f"({self.term(node.this).sql} IS NULL)"

    def _like(self, node: exp.Like) -> str:
        subject, pattern = self.term(node.this), self.term(node.expression)
        # What is empty is neither like anything nor unlike it (Oracle).
        sql = f"ns_like(NULLIF({as_text(subject)}, ''), {pattern.sql})"
        return f"(NOT {sql})" if node.args.get("negate") else sql


def _literal(node: exp.Literal) -> Term:
    return text_literal(node.this) if node.is_string else number_literal(node.this)


def _shown(display: Display, term: Term) -> str:
    if display.base:
        return f"(SELECT {display.name} FROM {display.base} WHERE {display.key} = {term.sql})"  # noqa: S608
    value = display.of.replace("{t}", term.alias) if display.of else term.sql
    whens = "".join(
        f" WHEN {quoted(word) if isinstance(word, str) else word} THEN {quoted(shown)}"
        for word, shown in display.words.items()
    )
    return f"(CASE {value}{whens} ELSE {term.sql} END)"
