"""GL accounts and the values of dimensions: each is a code in AvidXchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from apbridge.mapping import MappingTable
from apbridge.singer import Record
from target_avidxchange.sinks import CodedSink


class GLAccountSink(CodedSink):
    """GL accounts."""

    resource = "gl_account"
    word = "GL account"

    @property
    @override
    def table(self) -> MappingTable:
        return self.shared.coding.accounts

    @override
    def code(self, record: Record) -> str:
        return str(self.shared.coding.gl_code(record["id"], record.get("number"), None))

    @override
    def own_code(self, record: Record) -> str:
        return str(record.get("number") or record["id"])

    @override
    def facts(self, record: Record) -> Mapping[str, Any]:
        return {**super().facts(record), "is_postable": record["is_postable"]}


class DimensionSink(CodedSink):
    """Values of one dimension."""

    resource = "dimension_value"
    dimension: ClassVar[str]

    @property
    @override
    def table(self) -> MappingTable:
        return self.shared.coding.dimensions

    @override
    def code(self, record: Record) -> str:
        return str(self.shared.coding.dimension_code(self.dimension, record["id"], None))

    @override
    def own_code(self, record: Record) -> str:
        return str(record["id"])


class DepartmentSink(DimensionSink):
    """Departments."""

    word = dimension = "department"


class ClassSink(DimensionSink):
    """Classes."""

    word = dimension = "class"


class LocationSink(DimensionSink):
    """Locations."""

    word = dimension = "location"
