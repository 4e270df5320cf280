"""The target's descriptor values, found by the standard's code values and given in the target's own spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Vocabulary:
    """`values` maps a descriptor's name (`SexDescriptor`) to the URIs that the target has."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values
        self._by_code: dict[str, dict[str, str]] = {}

    def uri(self, descriptor: str, *codes: str) -> str:
        """Return the first of `codes` that the target has, letter case aside; else the target's first value.

        Raises: TargetError if the target has no value of this descriptor at all.
        """
        known = self._by_code.get(descriptor)
        if known is None:
            known = self._by_code[descriptor] = self._index(descriptor)
        for code in codes:
            if code.lower() in known:
                return known[code.lower()]
        return next(iter(known.values()))

    def uris(self, descriptor: str, *codes: str) -> tuple[str, ...]:
        """Return `uri` of each code, without those that a value before them stands for already; at least one."""
        return tuple(dict.fromkeys(self.uri(descriptor, code) for code in codes))

    def _index(self, descriptor: str) -> dict[str, str]:
        """Map code values in lower case to URIs; of equal codes in two namespaces the first one counts."""
        index: dict[str, str] = {}
        for uri in self._values.get(descriptor, ()):
            index.setdefault(uri.partition("#")[2].lower(), uri)
        if not index:
            raise TargetError(
                f"The target has no values of {descriptor}; load the standard's descriptors into it first"
            )
        return index
