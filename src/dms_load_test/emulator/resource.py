"""All rules of one resource, by what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dms_load_test.edfi.schema import path_of
from dms_load_test.emulator.body import BodyRules
from dms_load_test.emulator.identity import document_keys
from dms_load_test.emulator.query import QueryRules
from dms_load_test.emulator.rewriter import ReferenceRewriter

if TYPE_CHECKING:
    from dms_load_test.edfi.schema import ApiModel, ResourceSchema
    from dms_load_test.emulator.identity import DocumentKeys


@dataclass
class Resource:
    """One resource's rules, compiled when its first request comes: most runs use few of 349."""

    model: ApiModel
    schema: ResourceSchema
    number: int
    folds_names: bool = False

    @cached_property
    def path(self) -> str:
        """`/ed-fi/students`."""
        return path_of(self.schema.resource)

    @cached_property
    def body(self) -> BodyRules:
        """Rules of the document."""
        return BodyRules(self.model, self.schema, folds_names=self.folds_names)

    @cached_property
    def keys(self) -> DocumentKeys:
        """Rules of the natural key."""
        return document_keys(self.model, self.schema)

    @cached_property
    def rewriter(self) -> ReferenceRewriter:
        """How the document repeats others' keys."""
        return ReferenceRewriter(self.model, self.schema)

    @cached_property
    def query(self) -> QueryRules:
        """Rules of the collection's filters."""
        return QueryRules(self.model, self.schema, self.keys)
