"""Reading documents by the standard's paths: `$.schoolReference.schoolId`, `$.addresses[*].city`. Compiled once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Document = Mapping[str, Any]


def value_reader(path: str) -> Callable[[Document], Any]:
    """Return what reads a path without arrays; `None` where a part is absent."""
    *holders, member = path.removeprefix("$.").split(".")
    if not holders:
        return lambda document: document.get(member)
    if len(holders) == 1:  # most keys: a member of a reference
        holder = holders[0]
        return lambda document: document.get(holder, {}).get(member)

    def read(document: Document) -> Any:
        for name in holders:
            document = document.get(name, {})
        return document.get(member)

    return read


@lru_cache(maxsize=8192)
def values_reader(path: str) -> Callable[[Document], list[Any]]:
    """Return what reads all values at a path, those inside arrays included; absent ones are left out."""
    steps = [(step.removesuffix("[*]"), step.endswith("[*]")) for step in path.removeprefix("$.").split(".")]

    def read(document: Document) -> list[Any]:
        values: list[Any] = [document]
        for name, is_array in steps:
            values = [value[name] for value in values if name in value]
            if is_array:
                values = [item for items in values for item in items]
        return values

    return read


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document that has these values at these paths: `{"$.a.b": 1}` -> `{"a": {"b": 1}}`."""
    document: dict[str, Any] = {}
    for path, value in values.items():
        *holders, member = path.removeprefix("$.").split(".")
        holder = document
        for name in holders:
            holder = holder.setdefault(name, {})
        holder[member] = value
    return document
