"""Which members of a resource are one: natural keys, key unification, query parameters, what a reference repeats.

Ed-Fi stores a document's references as columns, and documents its columns as query parameters: `schoolId`,
`locationSchoolId`. Members with one column are one value (*key unification*), so the *column* of each member tells all
of the above. It follows from the member's name, the role in its reference's name, and the parameters' names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from dms_load_test.edfi.schema import Node, Reference

_NOT_INHERITED = frozenset({"educationOrganizationId", "identificationCode"})
"""Members of references in collections that have a column of their own: a cohort's programs may be another agency's."""
_WORD = re.compile(r"[A-Za-z][^A-Z]*")


def spellings(reference: str, leaf: str) -> Iterator[str]:
    """Yield the names that a column of member `leaf` of `reference` may have, the most specific first.

    `programReference`, `educationOrganizationId` -> `programEducationOrganizationId`, `educationOrganizationId`. Words
    that the two share at the seam may stand once: `chartOfAccountReference`, `accountIdentifier` ->
    `chartOfAccountIdentifier`.
    """
    words = _WORD.findall(reference.removesuffix("Reference"))
    tail = _WORD.findall(leaf)
    for count in range(len(words), 0, -1):
        head = words[:count]
        for shared in range(min(count, len(tail)), -1, -1):
            if [word.lower() for word in head[count - shared :]] == [word.lower() for word in tail[:shared]]:
                yield _join([*head, *tail[shared:]])
    yield leaf


def column(reference: Reference, leaf: str, target_name: str, names: Collection[str]) -> str:
    """Return the column of member `leaf`: the most specific spelling among `names`, else what the role tells.

    `target_name` is the singular of what `reference` points to.
    """
    others = {other.name for other in reference.leaves if other.name != leaf}
    for spelling in spellings(reference.name, leaf):
        if spelling in names and spelling not in others:
            return spelling
    role = _role(reference.name, target_name)
    return _join([role, *_WORD.findall(leaf)]) if role else leaf


def columns(body: Node, target_names: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return path -> column of the body's own members and of those of its own references, in order."""
    found = {f"$.{leaf.name}": leaf.name for leaf in body.leaves}
    for reference in body.references:
        name = target_names.get(reference.target, reference.target)
        for leaf in reference.leaves:
            found[f"$.{reference.name}.{leaf.name}"] = column(reference, leaf.name, name, names)
    return found


def equal_pairs(
    body: Node, own: Mapping[str, str], identity: Collection[str], target_names: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return the pairs of paths that are one column; `own` is what `columns` gave for `body`.

    Items of collections hold the natural key of what they are part of: their references share its columns.
    """
    pairs = list(_chain(own.items()))
    inherited = {own[path]: path for path in sorted(identity, reverse=True) if path in own}
    pairs += _item_pairs(body, "$", inherited, target_names)
    return tuple(sorted(pairs))


def join_pairs(known: Iterable[tuple[str, str]], derived: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return `known`, then those of `derived` that do not follow from the pairs before them."""
    groups: dict[str, set[str]] = {}
    joined = []
    for left, right in (*known, *derived):
        one, other = groups.setdefault(left, {left}), groups.setdefault(right, {right})
        if one is not other:
            one |= other
            groups |= dict.fromkeys(other, one)
            joined.append((left, right))
    return tuple(joined)


def key_paths(reference: Reference, target_columns: Mapping[str, str]) -> dict[str, str]:
    """Return member of `reference` -> the target's identity path that it repeats.

    `target_columns` maps the target's identity paths to columns. Of several paths with one column, the last one by name
    counts: they are equal anyway.
    """
    return {
        leaf.name: next((path for path in _candidates(leaf.name, target_columns)), f"$.{leaf.name}")
        for leaf in reference.leaves
    }


def _candidates(leaf: str, target_columns: Mapping[str, str]) -> Iterator[str]:
    latest_first = sorted(target_columns, reverse=True)
    yield from (path for path in latest_first if target_columns[path] == leaf)
    for path in latest_first:
        holder, _, name = path.removeprefix("$.").rpartition(".")
        if leaf in spellings(holder, name):
            yield path


def _item_pairs(
    node: Node, at: str, inherited: Mapping[str, str], target_names: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the pairs that references below `node`, in its parts, make with `inherited` (column -> path)."""
    parts = [(f"{at}.{inline.name}", inline.node) for inline in node.objects]
    parts += [(f"{at}.{collection.name}[*]", collection.item) for collection in node.collections]
    for path, part in parts:
        held = list(inherited.items())
        for reference in part.references:
            name = target_names.get(reference.target, reference.target)
            held += [
                (column(reference, leaf.name, name, ()), f"{path}.{reference.name}.{leaf.name}")
                for leaf in reference.leaves
                if leaf.name not in _NOT_INHERITED
            ]
        yield from _chain((where, what) for what, where in held)
        yield from _item_pairs(part, path, inherited, target_names)


def _chain(paths: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield a sorted pair of neighbours for each group of paths with one column."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for path, name in paths:
        groups[name].append(path)
    for group in groups.values():
        ordered = sorted(group)
        yield from pairwise(ordered)


def _role(reference: str, target_name: str) -> str:
    """`nextYearSchoolReference`, `School` -> `nextYear`; empty where the reference is named after its target."""
    whole = reference.removesuffix("Reference")
    if whole.lower() == target_name.lower() or not whole.endswith(target_name):
        return ""
    return whole.removesuffix(target_name)


def _join(words: list[str]) -> str:
    """`["location", "school", "Id"]` -> `locationSchoolId`; the first word keeps its case."""
    return words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])
