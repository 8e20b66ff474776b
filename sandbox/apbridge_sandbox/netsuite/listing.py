"""Lists: the records of a type, filtered and by pages; the lines of a record's sublist."""

from __future__ import annotations

from starlette.responses import Response

from apbridge_sandbox.netsuite import filters
from apbridge_sandbox.netsuite.access import check_permission
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall, answer
from apbridge_sandbox.netsuite.filters import Filter
from apbridge_sandbox.netsuite.paging import bounds, check_parameters, links
from apbridge_sandbox.netsuite.record_types import ReadFieldKind, RecordField, RecordType
from apbridge_sandbox.suiteql import AccountView

_ID = RecordField(ReadFieldKind.WHOLE, "Internal ID", sql="{t}.id")


def records(call: NetSuiteCall, kind: RecordType, account: AccountView) -> Response:
    """List the records of a type: each its id and the link to it, and no more."""
    check_parameters(call, "q", "limit", "offset")
    limit, offset = bounds(call)
    wanted = Filter("1")
    query = call.request.query_params.get("q")
    if query:
        check_permission(call, "Reports -> SuiteAnalytics Workbook")
        wanted = filters.parse(query, {"id": _ID, **kind.fields_of(kind.name, account)})
    source = f"FROM {kind.base} t WHERE {kind.visible(account)} AND {wanted.sql}"
    with call.sandbox.store.connection() as conn:
        (total,) = conn.execute(f"SELECT COUNT(*) {source}", wanted.values).fetchone()
        rows = conn.execute(
            f"SELECT t.id {source} ORDER BY t.id LIMIT ? OFFSET ?", (*wanted.values, limit, offset)
        ).fetchall()
    more = offset + len(rows) < total
    items = [
        {"links": [{"rel": "self", "href": f"{call.url}/{row['id']}"}], "id": str(row["id"])} for row in rows
    ]
    return answer(
        200,
        {
            "links": links(call, limit, offset, total, more=more),
            "count": len(items),
            "hasMore": more,
            "items": items,
            "offset": offset,
            "totalResults": total,
        },
    )
