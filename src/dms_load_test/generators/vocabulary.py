"""The target's descriptor values, found by the standard's code values and given in the target's own spelling.

A descriptor that the target has no values of is given those of the embedded standard; they are created before all else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


OWN = "Load test "
"""What the code values begin with that a load test makes as documents of their own."""


class Vocabulary:
    """`values` maps a descriptor's name (`SexDescriptor`) to the URIs that the target has; `usual` to code values.

    Values stand in the order of `usual`, then by code value: documents stay the same when the target gives them in
    another order. Those that a load test made as documents of their own are not given to others, for they come and go.
    `to_create`: the code values of those descriptors of `usual` that the target has none of.
    """

    def __init__(self, values: Mapping[str, Sequence[str]], usual: Mapping[str, Sequence[str]] | None = None) -> None:
        self._usual = usual or {}
        self._values = {
            name: [uri for uri in uris if not uri.partition("#")[2].startswith(OWN)] for name, uris in values.items()
        }
        self.to_create = {name: tuple(codes) for name, codes in self._usual.items() if not self._values.get(name)}
        self._by_code: dict[str, dict[str, str]] = {}

    @property
    def asked_for(self) -> frozenset[str]:
        """The descriptors whose values were asked for so far."""
        return frozenset(self._by_code)

    def uri(self, descriptor: str, *codes: str) -> str:
        """Return the first of `codes` that the target has, letter case aside; else the target's first value.

        Raises: TargetError if neither the target nor the standard has a value of this descriptor.
        """
        known = self._known(descriptor)
        for code in codes:
            if code.lower() in known:
                return known[code.lower()]
        if not known:
            raise TargetError(f"neither the target nor the data standard has values of {descriptor}; create some first")
        return next(iter(known.values()))

    def uris(self, descriptor: str, *codes: str) -> tuple[str, ...]:
        """Return `uri` of each code, without those that a value before them stands for already; at least one."""
        return tuple(dict.fromkeys(self.uri(descriptor, code) for code in codes))

    def found(self, descriptor: str, codes: Sequence[str]) -> tuple[str, ...]:
        """Return the URIs of those of `codes` that there are."""
        known = self._known(descriptor)
        return tuple(known[code.lower()] for code in codes if code.lower() in known)

    def values(self, descriptor: str) -> tuple[str, ...]:
        """Return all values, none where there are none."""
        return tuple(self._known(descriptor).values())

    def _known(self, descriptor: str) -> dict[str, str]:
        known = self._by_code.get(descriptor)
        if known is None:
            known = self._by_code[descriptor] = self._index(descriptor)
        return known

    def _index(self, descriptor: str) -> dict[str, str]:
        """Map code values in lower case to URIs; of equal codes in two namespaces the first one by name counts."""
        place = {code.lower(): number for number, code in enumerate(self._usual.get(descriptor, ()))}
        coded = [(uri.partition("#")[2].lower(), uri) for uri in self._values.get(descriptor, ())]
        index: dict[str, str] = {}
        for code, uri in sorted(coded, key=lambda pair: (place.get(pair[0], len(place)), pair)):
            index.setdefault(code, uri)
        for code in self.to_create.get(descriptor, ()):
            index.setdefault(code.lower(), descriptor_uri(descriptor, code))
        return index


def descriptor_uri(descriptor: str, code: str) -> str:
    """Return the URI of a value that we create."""
    return f"{namespace_of(descriptor)}#{code}"


def namespace_of(descriptor: str) -> str:
    """Return the namespace of values that we create: that of the standard's own."""
    return f"uri://ed-fi.org/{descriptor}"
