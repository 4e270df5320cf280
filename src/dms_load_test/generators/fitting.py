"""A rule held against the schema of the target: what the target does not know is left out, or the rule does not fit.

Rules are written for one version of the data standard. Their first documents tell whether they suit another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.schema import Leaf, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dms_load_test.edfi.schema import Collection, Inline, Node, ResourceSchema
    from dms_load_test.generators.rule import Document, Rule

    Known = Callable[[Reference, Document], bool]

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_SAMPLES = 200


def fit(rule: Rule, schema: ResourceSchema, count: int, known: Known) -> Rule | None:
    """Return the rule, without the members that the schema does not have or that refer to what is not planned.

    `known(reference, body)`: whether the document that `body` refers to is planned. None where a required member would
    be missing. Judged by up to 200 documents, the first and last ones among them.
    """
    pruned = False
    for ordinal in _samples(count):
        document = rule.document(ordinal)
        kept = prune(schema.body, document, known)
        if kept is None:
            return None
        pruned = pruned or kept != document
    make = rule.document

    def pruned_document(ordinal: int) -> Document:
        return prune(schema.body, make(ordinal), known) or {}

    # A member that only changed documents have is in none of the samples.
    change = _fitting_change(rule, schema, pruned_document, known)
    return replace(rule, document=pruned_document if pruned else make, change=change)


def prune(node: Node, body: Document, known: Known) -> Document | None:
    """Return the members of `body` that `node` has and that are valid; None where a required one is missing."""
    kept: Document = {}
    members: tuple[Leaf | Reference | Inline | Collection, ...]
    members = (*node.leaves, *node.references, *node.objects, *node.collections)
    for member in members:
        value = _kept(member, body[member.name], known) if member.name in body else None
        if value is not None:
            kept[member.name] = value
        elif member.required:
            return None
    return kept


def leaf_problem(leaf: Leaf, value: Any) -> str:
    """Say why `value` is no valid value of `leaf`; empty if it is one."""
    if not isinstance(value, _KINDS[leaf.kind]) or (isinstance(value, bool) and leaf.kind != "boolean"):
        return f"is no {leaf.kind}"
    if isinstance(value, str):
        if not (leaf.min_length or 0) <= len(value) <= (leaf.max_length or len(value)):
            most = "any number" if leaf.max_length is None else leaf.max_length
            return f"has {len(value)} characters, not {leaf.min_length or 0} to {most}"
        if leaf.enum and value not in leaf.enum:
            return f"is none of {', '.join(leaf.enum)}"
        return "" if value == value.strip() else "has blanks at an end"
    low, high = leaf.minimum, leaf.maximum
    number = float(value)  # type: ignore[arg-type]  # texts were handled above
    if (low is not None and number < low) or (high is not None and number > high):
        return f"is not within {low} to {high}"
    return ""


def _kept(member: Leaf | Reference | Inline | Collection, value: Any, known: Known) -> Any:
    if isinstance(member, Leaf):
        return value if not leaf_problem(member, value) else None
    if isinstance(member, Reference):
        whole = value.keys() == {leaf.name for leaf in member.leaves}
        return value if whole and known(member, value) else None
    if isinstance(value, list):
        items = [kept for item in value if (kept := prune(member.item, item, known))]  # type: ignore[union-attr]  # a list is a collection
        return items if len(items) >= max(1, getattr(member, "min_items", 0)) else None
    return prune(member.node, value, known) or None  # type: ignore[union-attr]  # all else is an inline object


def _samples(count: int) -> Sequence[int]:
    step = max(1, count // (_SAMPLES // 2))
    return sorted({*range(min(count, _SAMPLES // 2)), *range(0, count, step), max(0, count - 1)})


def _fitting_change(
    rule: Rule, schema: ResourceSchema, document: Callable[[int], Document], known: Known
) -> Callable[[Document, int], None] | None:
    """Return the rule's change if it still makes a valid, different document."""
    change = rule.change
    if change is None:
        return None
    changed, original = document(0), document(0)
    try:
        change(changed, 1)
    except KeyError:
        return None
    return change if prune(schema.body, changed, known) == changed != original else None
