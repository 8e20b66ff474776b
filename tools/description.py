"""The parts of a description of an API in the sandbox, whichever surface it is of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.routing import Route

from tools.schemas import TEXT, TEXT_OR_NULL, Schema, list_of, object_of

_FIRST_STEPS = {
    "vendors": "vendor",
    "gl-accounts": "gl_account",
    "glaccounts": "gl_account",
    "dimensions": "code",
    "codes": "code",
    "invoices": "invoice",
    "credit-memos": "credit_memo",
    "purchase-orders": "purchase_order",
    "purchaseorders": "purchase_order",
    "payments": "payment",
}
"""What is below a path that begins so."""


def routes_of(routes: Any, prefix: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Yield each method and path of routes, as they stand below a prefix."""
    for route in routes:
        assert isinstance(route, Route)  # noqa: S101 - there is nothing else
        for method in sorted((route.methods or set()) - {"HEAD"}):
            path = route.path.removeprefix(prefix).replace("{external_id}", "{externalId}")
            yield method.lower(), path


def kind_of(path: str) -> str:
    """Return what kind of record a path is about."""
    return next((kind for step, kind in _FIRST_STEPS.items() if f"/{step}" in path), "company")


def words_for(kind: str) -> str:
    """Return what people call records of a kind."""
    return {"code": "values of a dimension (department, class, location)", "gl_account": "GL accounts"}.get(
        kind, f"{kind.replace('_', ' ')}s"
    )


def operation(
    summary: str,
    *,
    path: str = "",
    parameters: list[Schema] | None = None,
    body: Schema | None = None,
    answer: Schema | None = None,
    content: Schema | None = None,
) -> Schema:
    """Return the description of one operation."""
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in re.findall(r"{(\w+)}", path)
    ]
    told = content or {"application/json": {"schema": answer}}
    found: Schema = {"summary": summary}
    if all_of := [*in_path, *(parameters or [])]:
        found["parameters"] = all_of
    if body:
        found["requestBody"] = {"required": True, "content": body}
    found["responses"] = {
        "200": {"description": "Done.", "content": told},
        "4XX": {"$ref": "#/components/responses/Refused"},
    }
    return found


def refusal(message: str, errors: str, field: str, code: str) -> Schema:
    """Return the schema of a refusal that lists errors."""
    error = {field: TEXT_OR_NULL, code: TEXT, message: TEXT}
    return object_of({message: TEXT, errors: list_of(object_of(error))})


def document(  # noqa: PLR0917 - its parts
    title: str, paths: Schema, ways: Schema, needed: list[Schema], refusal: Schema, schemas: Schema
) -> Schema:
    """Return a whole description."""
    refused = {"description": "Refused.", "content": {"application/json": {"schema": refusal}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": Path("VERSION").read_text(encoding="utf-8").strip()},
        "security": needed,
        "paths": paths,
        "components": {"schemas": schemas, "responses": {"Refused": refused}, "securitySchemes": ways},
    }


def reference(schemas: Schema, name: str, schema: Schema) -> Schema:
    """Keep a schema under a name, and return what refers to it."""
    named = "".join(word.title() for word in name.split("_"))
    assert schemas.setdefault(named, schema) == schema  # noqa: S101 - a name is one thing
    return {"$ref": f"#/components/schemas/{named}"}


def query(name: str, schema: Schema) -> Schema:
    """Return a parameter of a query."""
    return {"name": name, "in": "query", "schema": schema}


def header_key(name: str) -> Schema:
    """Return a way to sign in by a header."""
    return {"type": "apiKey", "in": "header", "name": name}
