"""Selects, compiled to SQLite's SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from apbridge_sandbox.suiteql import clauses
from apbridge_sandbox.suiteql.calls import common_kind
from apbridge_sandbox.suiteql.catalogue import ValueKind
from apbridge_sandbox.suiteql.errors import unsupported
from apbridge_sandbox.suiteql.expressions import Expressions
from apbridge_sandbox.suiteql.sources import AccountView, Scope, Source, derived, quoted_name, table
from apbridge_sandbox.suiteql.terms import Term

Outputs = list[tuple[str, Term]]
"""The columns of a select: names in lower case, each once."""

_SHUFFLE = "ns_shuffle()"
_KNOWN_PARTS = frozenset(
    {"expressions", "from_", "joins", "where", "group", "having", "order", "limit", "distinct"}
)
_KNOWN_JOIN_PARTS = frozenset({"this", "on", "side", "kind"})


@dataclass(frozen=True)
class Relation:
    """A compiled select.

    Attributes:
        outputs: Its columns.
        tail: Its SQL from FROM on, without ORDER BY.
        order: Its ORDER BY: each expression, and its direction.
        unique: Whether the order leaves no two rows tied.
        most: Most rows that it gives, by TOP, FETCH FIRST or ROWNUM.
    """

    outputs: Outputs
    tail: str
    order: tuple[tuple[str, str], ...] = ()
    unique: bool = False
    most: int | None = None

    @property
    def body(self) -> str:
        """Its SQL without order and bounds."""
        return f"SELECT {self._listed}{self.tail}"

    @property
    def order_by(self) -> str:
        """Its ORDER BY. Rows that it leaves tied come shuffled, as they may in NetSuite."""
        terms = [f"{sql} {direction}" for sql, direction in self.order]
        if not self.unique:
            terms.append(_SHUFFLE)
        return f" ORDER BY {', '.join(terms)}" if terms else ""

    @property
    def bounded(self) -> str:
        """Its SQL as a subquery: ordered where the order decides which rows there are."""
        return self.body if self.most is None else f"{self.body}{self.order_by} LIMIT {self.most}"

    @property
    def numbered(self) -> str:
        """Its SQL as a subquery, each row with its place in the order."""
        place = f'ROW_NUMBER() OVER ({self.order_by}) AS "$order"'
        bound = "" if self.most is None else f' ORDER BY "$order" LIMIT {self.most}'
        return f"SELECT {self._listed}, {place}{self.tail}{bound}"

    @property
    def _listed(self) -> str:
        return ", ".join(f"{term.sql} AS {quoted_name(name)}" for name, term in self.outputs)


class Selects:
    """Compiles a query for what an account and a role see."""

    def __init__(self, account: AccountView) -> None:
        self._account = account

    def compile(self, node: exp.Expr, around: Scope | None = None) -> Relation:
        """Compile a select, or several joined by UNION, INTERSECT or MINUS.

        Raises:
            SuiteQLError: It is refused.
        """
        if isinstance(node, exp.Subquery):
            return self.compile(node.this, around)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, around)
        if isinstance(node, exp.Select):
            return _Select(self, self._account, node, around).relation()
        raise unsupported()

    def nested(self, node: exp.Expr, around: Scope) -> tuple[str, ValueKind]:
        """Compile a select of one column inside an expression."""
        relation = self.compile(node, around)
        if len(relation.outputs) != 1:
            raise unsupported()
        return relation.bounded, relation.outputs[0][1].kind

    def exists(self, node: exp.Expr, around: Scope) -> str:
        """Compile a select of which only matters whether it gives a row."""
        return self.compile(node, around).bounded

    def _set_operation(self, node: exp.SetOperation, around: Scope | None) -> Relation:
        left, right = self.compile(node.this, around), self.compile(node.expression, around)
        if len(left.outputs) != len(right.outputs):
            raise unsupported()
        word = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}[type(node)]
        if not node.args.get("distinct"):
            word += " ALL"
        outputs = [
            (name, Term("", common_kind((mine, other))))
            for (name, mine), (_, other) in zip(left.outputs, right.outputs, strict=True)
        ]
        sql = f"SELECT * FROM ({left.bounded}) {word} SELECT * FROM ({right.bounded})"  # noqa: S608
        relation = _wrapped(sql, outputs)
        order = _order(node.args.get("order"), relation.outputs, Expressions(Scope(), self))
        return replace(relation, order=tuple(order), most=clauses.most_rows(node.args.get("limit")))


class _Select:
    """Compiles one select."""

    def __init__(
        self, selects: Selects, account: AccountView, node: exp.Select, around: Scope | None
    ) -> None:
        if any(value for part, value in node.args.items() if part not in _KNOWN_PARTS):
            raise unsupported()
        if not node.args.get("from_") or not node.expressions:
            raise unsupported()
        self._selects = selects
        self._account = account
        self._node = node
        self._distinct = bool(node.args.get("distinct"))
        self._check_ranks()
        counting = [*node.expressions, *([node.args["where"]] if node.args.get("where") else [])]
        self._counts_rows = clauses.names_row_number(counting)
        self._most = clauses.most_rows(node.args.get("limit"))
        self._scope = Scope(around)
        self._expressions = Expressions(self._scope, selects)

    def _check_ranks(self) -> None:
        """Make sure that rows are numbered only where they can be, and as the account takes it."""
        args, off = self._node.args, self._account.features_off
        others = [args[part] for part in ("where", "group", "having") if args.get(part)]
        if clauses.ranks([*others, *args.get("joins", [])]):
            # Oracle: window functions are not allowed here.
            raise unsupported()
        listed = [*self._node.expressions, *([args["order"]] if args.get("order") else [])]
        if "row_number" in off and clauses.ranks(listed):
            raise unsupported()
        if "rownum" in off and clauses.names_row_number(listed):
            raise unsupported()

    def relation(self) -> Relation:
        """Compile it.

        Raises:
            SuiteQLError: It is refused.
        """
        node = self._node
        from_, key = self._from()
        where, row_limit = self._where()
        tail = f" FROM {from_}{where}"
        shaped = self._distinct or node.args.get("group") or node.args.get("order")
        shaped = shaped or self._follows_order() or clauses.has_aggregate(node.expressions)
        if clauses.names_row_number(node.expressions) or (row_limit is not None and shaped):
            relation = self._over_numbered_rows(tail, row_limit)
        else:
            relation = self._shaped(key)
            relation = replace(relation, tail=tail + relation.tail)
            if row_limit is not None:
                relation = replace(relation, most=min(row_limit, relation.most or row_limit))
        if self._distinct:
            over = _wrapped(relation.body.replace("SELECT", "SELECT DISTINCT", 1), relation.outputs)
            named = {term.sql: over.outputs[at][1].sql for at, (_, term) in enumerate(relation.outputs)}
            order = tuple((named[sql], direction) for sql, direction in relation.order)
            return replace(over, order=order, most=relation.most)
        return relation

    def _shaped(self, key: str | None) -> Relation:
        """Compile all but FROM and WHERE. `key` is what is unique in their rows, if anything is."""
        node, expressions = self._node, self._expressions
        group, having = node.args.get("group"), node.args.get("having")
        tail = ""
        if group:
            if any(value for part, value in group.args.items() if part != "expressions"):
                raise unsupported()
            grouped = [expressions.term(each).sql for each in group.expressions]
            expressions.grouped = frozenset(grouped)
            tail += f" GROUP BY {', '.join(grouped)}"
        expressions.loose = set()
        outputs = self._outputs()
        if having:
            tail += f" HAVING {expressions.condition(having.this)}"
        order = tuple(_order(node.args.get("order"), outputs, expressions))
        if (group or having or expressions.aggregates) and expressions.loose:
            # Oracle: not a GROUP BY expression.
            raise unsupported()
        by = {sql for sql, _ in order}
        if self._distinct and not by <= {term.sql for _, term in outputs}:
            # Oracle: not a SELECTed expression.
            raise unsupported()
        unique = expressions.grouped <= by if group else expressions.aggregates or key in by
        return Relation(outputs, tail, order, unique and not self._distinct, self._most)

    def _over_numbered_rows(self, tail: str, row_limit: int | None) -> Relation:
        """Number the rows first, as Oracle does before it orders or groups."""
        (first, *_) = self._scope.sources
        order = f'{quoted_name(first)}."$order"' if self._follows_order() else _SHUFFLE
        self._scope.carried = {}
        self._expressions.row_number = Term('"$r".n', ValueKind.NUMBER, nullable=False)
        relation = self._shaped(None)
        columns = "".join(f", {sql} AS {name}" for sql, name in self._scope.carried.items())
        inner = f"SELECT ROW_NUMBER() OVER (ORDER BY {order}) AS n{columns}{tail}"
        if row_limit is not None:
            inner += f" ORDER BY n LIMIT {row_limit}"
        return replace(relation, tail=f' FROM ({inner}) AS "$r"{relation.tail}')

    def _follows_order(self) -> bool:
        """Return whether the rows come in the order of the one subquery that they come from."""
        sources = list(self._scope.sources.values())
        return len(sources) == 1 and sources[0].ordered

    def _from(self) -> tuple[str, str | None]:
        """Compile FROM and its joins; give with it the column that is unique in their rows, if one is."""
        node = self._node
        first = self._source(node.args["from_"].this)
        sql, key = first.sql, first.columns[first.key].sql if first.key else None
        joins: list[exp.Join] = node.args.get("joins") or []
        if len({clauses.is_comma(join) for join in joins}) > 1:
            # ANSI and Oracle joins are not to be mixed (NetSuite: SuiteQL).
            raise unsupported()
        for join in joins:
            if any(value for part, value in join.args.items() if part not in _KNOWN_JOIN_PARTS):
                raise unsupported()
            side, on = join.side.upper(), join.args.get("on")
            before = list(self._scope.sources.values())
            source = self._source(join.this)
            if clauses.is_comma(join) or join.kind.upper() == "CROSS":
                sql += f" CROSS JOIN {source.sql}"
                key = None
                continue
            if on is None:
                raise unsupported()
            sql += f" {side or 'INNER'} JOIN {source.sql} ON {self._expressions.condition(on)}"
            source.optional = side in {"LEFT", "FULL"}
            for each in before if side in {"RIGHT", "FULL"} else ():
                each.optional = True
            if side in {"RIGHT", "FULL"} or not clauses.finds_one(source.alias, source.key, on):
                key = None
        return sql, key

    def _source(self, node: exp.Expr) -> Source:
        alias = node.alias.lower()
        if isinstance(node, exp.Table):
            if any(value for part, value in node.args.items() if part not in {"this", "alias"}):
                raise unsupported()
            name = node.name.lower()
            source = table(name, alias or name, self._account)
        elif isinstance(node, exp.Subquery):
            relation = self._selects.compile(node.this, self._scope.around)
            ordered = self._counts_rows and bool(relation.order)
            sql = relation.numbered if ordered else relation.bounded
            source = derived(alias or f"$d{len(self._scope.sources)}", sql, relation.outputs, ordered=ordered)
        else:
            raise unsupported()
        self._scope.add(source)
        return source

    def _where(self) -> tuple[str, int | None]:
        """Compile WHERE; a bound on ROWNUM comes back as a number of rows."""
        where = self._node.args.get("where")
        if not where:
            return "", None
        limits, conditions = [], []
        parts = where.this.flatten(unnest=False) if isinstance(where.this, exp.And) else [where.this]
        for part in parts:
            limit = clauses.row_limit(part)
            if limit is None:
                conditions.append(self._expressions.condition(part))
            else:
                limits.append(limit)
        sql = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return sql, min(limits) if limits else None

    def _outputs(self) -> Outputs:
        outputs: dict[str, Term] = {}
        for node in self._node.expressions:
            for name, term in self._output(node, len(outputs) + 1):
                free, again = name, 0
                while free in outputs:
                    free, again = f"{name}_{again}", again + 1
                outputs[free] = term
        return list(outputs.items())

    def _output(self, node: exp.Expr, place: int) -> Iterator[tuple[str, Term]]:
        if isinstance(node, exp.Star) or isinstance(node.this, exp.Star):
            for name, term in self._scope.star(node.text("table").lower() or None):
                self._expressions.loose.add(term.sql)
                yield name, term
            return
        term = self._expressions.term(node.this if isinstance(node, exp.Alias) else node)
        yield (node.alias or term.bare or f"expr{place}").lower(), term


def _wrapped(sql: str, outputs: Outputs) -> Relation:
    """Return a select over a select, so that its columns are plain ones."""
    over = derived("$w", sql, outputs, ordered=False)
    return Relation(list(over.columns.items()), f" FROM {over.sql}")


def _order(node: exp.Order | None, outputs: Outputs, expressions: Expressions) -> Iterator[tuple[str, str]]:
    """Compile ORDER BY: each a place, an alias or an expression."""
    by_name = dict(outputs)
    for ordered in node.expressions if node else ():
        by = ordered.this
        if isinstance(by, exp.Literal) and not by.is_string:
            place = clauses.whole(by)
            if not 1 <= place <= len(outputs):
                raise unsupported()
            term = outputs[place - 1][1]
        elif isinstance(by, exp.Column) and not by.table and by.name.lower() in by_name:
            term = by_name[by.name.lower()]
        else:
            term = expressions.term(by)
        yield term.sql, clauses.direction(ordered, nullable=term.nullable)
