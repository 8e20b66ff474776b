"""WITH: each query that it names, put in the places of its name."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from apbridge_sandbox.suiteql.errors import unsupported


def put_in_place(query: exp.Expr) -> None:
    """Replace what WITH names, anywhere in a query, by subqueries.

    Raises:
        SuiteQLError: A WITH names something else than a query, or two alike; it is recursive, or names
            columns.
    """
    # The innermost first: its names hide those around it.
    for each in reversed([*query.find_all(exp.Query)]):
        with_ = each.args.get("with_")
        if not with_:
            continue
        each.set("with_", None)
        if with_.args.get("recursive"):
            raise unsupported()
        named: dict[str, exp.Expr] = {}
        for one in with_.expressions:
            name, is_query = one.alias.lower(), isinstance(one.this, exp.Select | exp.SetOperation)
            if not is_query or name in named or one.args["alias"].args.get("columns"):
                raise unsupported()
            if any(value for part, value in one.args.items() if part not in {"this", "alias"}):
                raise unsupported()
            _put(one, named)
            named[name] = one.this
        _put(each, named)


def _put(node: exp.Expr, named: Mapping[str, exp.Expr]) -> None:
    for table in [*node.find_all(exp.Table)]:
        query = named.get(table.name.lower())
        if query is not None:
            alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
            table.replace(exp.Subquery(this=query.copy(), alias=alias))
