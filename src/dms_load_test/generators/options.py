"""What a user may choose about the data beside its sizes: which resources, how many, how full, and whose rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError
from dms_load_test.generators.naming import Naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dms_load_test.generators.overrides import Override
    from dms_load_test.generators.rule import Rule
    from dms_load_test.generators.world import World

    Maker = Callable[[World], Rule]

_MOST_DIGITS = 9
"""Of a number of documents: more than any load sends, and sums of such numbers still fit into 64 bits."""


class Optional(StrEnum):
    """Which members that may be left out a generated document has.

    `NONE`: none. `COMMON`: scalars and references of the document itself, and the collections that nearly every system
    sends. `ALL`: every member that can be filled, at any depth.
    """

    NONE = "none"
    COMMON = "common"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class DataOptions:
    """The choices.

    `resources`: what to plan, complete in what it refers to; None plans the district. `counts`: planned documents by
    resource or wildcard, in place of the district's. `overrides`: by resource, members that are made differently.
    `makers`: the user's own rules, in place of ours. `naming`: how the data is told from real data.
    """

    resources: frozenset[str] | None = None
    optional: Optional = Optional.COMMON
    counts: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)
    makers: Mapping[str, Maker] = field(default_factory=dict)
    naming: Naming = field(default_factory=Naming)

    def count_of(self, resource: str) -> int | None:
        """Return the count that the user gave for a resource; of several that match, the last one; None for none."""
        found = [count for pattern, count in self.counts.items() if fnmatchcase(resource, pattern)]
        return found[-1] if found else None


def parse_counts(assignments: Iterable[str], known: Iterable[str]) -> dict[str, int]:
    """Read `studentSchoolAttendanceEvents=100000`; wildcards as in file names.

    Raises: ConfigError: an assignment is not of this form, or matches nothing that is known.
    """
    names = tuple(known)
    counts = {}
    for text in assignments:
        pattern, _, number = text.strip().partition("=")
        if not number.isdecimal() or len(number) > _MOST_DIGITS:
            raise ConfigError(
                f"--count {text}: expected a resource and a whole number of at most {_MOST_DIGITS} digits, "
                'as in "students=500"'
            )
        _require_match(pattern.strip(), names, "--count")
        counts[pattern.strip()] = int(number)
    return counts


def select_resources(
    patterns: Iterable[str], known: Iterable[str], groups: Mapping[str, Iterable[str]], option: str
) -> frozenset[str]:
    """Return the resources that names and wildcards match; `option` is what they were given with, for messages.

    `groups`: words that stand for several resources, such as `district` and `all`.

    Raises: ConfigError: a name or wildcard matches nothing.
    """
    names = tuple(known)
    found: set[str] = set()
    for pattern in patterns:
        found |= set(groups[pattern]) if pattern in groups else _require_match(pattern, names, option)
    return frozenset(found)


def _require_match(pattern: str, names: tuple[str, ...], option: str) -> set[str]:
    found = {name for name in names if fnmatchcase(name, pattern)}
    if not found:
        near = get_close_matches(pattern, names, n=1)
        hint = f"did you mean {near[0]}?" if near else "`dms-load-test resources` lists them"
        raise ConfigError(f"{option} {pattern}: the target has no such resource; {hint}")
    return found
