"""Members that are not of the natural key, nested ones included: compiled once into functions of a draft.

A part without references and without members that repeat others is made in a few variants, once, and drawn from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dms_load_test.generators.choices import Draft, window
from dms_load_test.generators.options import Optional

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dms_load_test.edfi.schema import Collection, Inline, Leaf, Node, Reference
    from dms_load_test.generators.choices import Choice, Chooser
    from dms_load_test.generators.draws import Dice
    from dms_load_test.generators.meaning import Meaning

    Build = Callable[[Draft, int], Any]
    """Makes a value of a draft and a draw; None where it cannot be made."""

_VARIANTS = 24
_TURN = 7
"""Bits of a draw that say which item of a collection is drawn; 0 outside of collections."""
EXTENSIONS = "_ext"
_USUAL = frozenset(
    {
        "addresses",
        "electronicMails",
        "telephones",
        "institutionTelephones",
        "identificationCodes",
        "gradeLevels",
        "races",
        "languages",
        "academicSubjects",
        "meetingTimes",
        "categories",
        "educationOrganizationCategories",
    }
)
"""Collections that nearly every system sends."""


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled value. `fixed`: it depends on the draw only."""

    build: Build
    fixed: bool


@dataclass(slots=True)
class BodyCompiler:
    """Compiles the parts of one resource. `hubs`: the required references, which are chosen before all else."""

    chooser: Chooser
    meaning: Meaning
    optional: Optional
    hubs: Sequence[Choice]
    roll: Dice
    _places: int = 0

    def wants(self, *, required: bool, top: bool) -> bool:
        """Say whether a leaf or reference is to be filled."""
        return required or self.optional is Optional.ALL or (top and self.optional is Optional.COMMON)

    def inline(self, inline: Inline, at: str, *, top: bool) -> Part | None:
        """Compile an inline object that is wanted; extensions are as wanted as the document's own members."""
        path = f"{at}.{inline.name}"
        extends = top and (inline.name == EXTENSIONS or at.endswith(EXTENSIONS))
        if not (inline.required or self.optional is Optional.ALL or (extends and self.optional is Optional.COMMON)):
            return None
        return self._settled(self.node(inline.node, path, top=extends))

    def collection(self, collection: Collection, at: str, *, top: bool) -> Part | None:
        """Compile a collection that is wanted; None as well where it cannot be filled."""
        usual = top and self.optional is Optional.COMMON and (collection.name in _USUAL or _refers(collection.item))
        if not (collection.required or self.optional is Optional.ALL or usual):
            return None
        item = self.node(collection.item, f"{at}.{collection.name}[*]", top=False)
        if item is None:
            return None
        least = max(1, collection.min_items)
        wanted = max(least, 2 if self.optional is Optional.ALL else 1)
        keys = tuple(tuple(path.split(".")) for path in collection.key)
        return self._settled(Part(_items(item.build, keys, least, wanted), item.fixed))

    def node(self, node: Node, at: str, *, top: bool) -> Part | None:
        """Compile an object; None where a required member cannot be filled, or none at all."""
        needed: list[tuple[str, Part]] = []
        extra: list[tuple[str, Part]] = []
        for name, required, part in self.members(node, at, top=top):
            if part is not None:
                (needed if required else extra).append((name, part))
            elif required:
                return None
        if not needed and not extra:
            extra = self._least(node, at)
        if not needed and not extra:
            return None
        return Part(_object(needed, extra), all(part.fixed for _, part in needed + extra))

    def members(self, node: Node, at: str, *, top: bool) -> list[tuple[str, bool, Part | None]]:
        """Compile the members that are wanted: (name, required, part); no part where it cannot be filled."""
        wanted = [leaf for leaf in node.leaves if self.wants(required=leaf.required, top=top)]
        found = [(leaf.name, leaf.required, self.leaf(leaf, at)) for leaf in wanted]
        pointers = [reference for reference in node.references if self.wants(required=reference.required, top=top)]
        found += [(reference.name, reference.required, self.reference(reference, at)) for reference in pointers]
        found += [(inline.name, inline.required, self.inline(inline, at, top=top)) for inline in node.objects]
        found += [(part.name, part.required, self.collection(part, at, top=top)) for part in node.collections]
        return found

    def _least(self, node: Node, at: str) -> list[tuple[str, Part]]:
        """Fill one member of an object that needs none: servers drop empty objects."""
        for leaf in node.leaves:
            part = self.leaf(leaf, at)
            if part is not None:
                return [(leaf.name, part)]
        for reference in node.references:
            part = self.reference(reference, at)
            if part is not None:
                return [(reference.name, part)]
        return []

    def leaf(self, leaf: Leaf, at: str) -> Part | None:
        """Compile a scalar; one that repeats a column takes the column's value where that is known."""
        pool = self.meaning.pool(leaf)
        if not pool:
            return None
        place, size = self._place(), len(pool)
        draw = _turned if "[*]" in at else window
        column = self.chooser.columns.get(f"{at}.{leaf.name}", "")
        if column not in self.chooser.several:
            return Part(lambda _, bits: pool[draw(bits, place) % size], fixed=True)

        def repeat(draft: Draft, bits: int) -> Any:
            return draft.fixed.setdefault(column, pool[draw(bits, place) % size])

        return Part(repeat, fixed=False)

    def reference(self, reference: Reference, at: str) -> Part | None:
        """Compile a reference that is no hub."""
        choice = self.chooser.choice(f"{at}.{reference.name}", reference, self.hubs)
        if choice is None:
            return None
        place = self._place()
        steady = choice.tie is not None or choice.home is not None

        def refer(draft: Draft, bits: int) -> Any:
            turn = bits & _TURN if steady else _turned(bits, place)
            taken = choice.take(draft, turn, strict=False)
            return None if taken is None else taken[1]

        return Part(refer, fixed=False)

    def _settled(self, part: Part | None) -> Part | None:
        """Make a part's variants where it depends on the draw only."""
        if part is None or not part.fixed:
            return part
        place = self._place()
        nothing = Draft(0, 0)
        made = [part.build(nothing, self.roll(place * _VARIANTS + number) & ~_TURN) for number in range(_VARIANTS)]
        variants = tuple(value for value in made if value is not None)
        if not variants:
            return None
        return Part(lambda _, bits: variants[window(bits, place) % len(variants)], fixed=True)

    def _place(self) -> int:
        """Return a new number, so that each member is drawn for itself."""
        self._places += 1
        return self._places


def _object(needed: Sequence[tuple[str, Part]], extra: Sequence[tuple[str, Part]]) -> Build:
    musts = tuple((name, part.build) for name, part in needed)
    mays = tuple((name, part.build) for name, part in extra)

    def build(draft: Draft, bits: int) -> Any:
        body = {}
        for name, make in musts:
            value = make(draft, bits)
            if value is None:
                return None
            body[name] = value
        for name, make in mays:
            value = make(draft, bits)
            if value is not None:
                body[name] = value
        return body or None

    return build


def _items(item: Build, keys: tuple[tuple[str, ...], ...], least: int, wanted: int) -> Build:
    """Make items until there are as many as wanted, of different keys; None where there are too few.

    Each item is drawn anew. Draws may meet again and again, so what must be there is at last taken in turn from one.
    """
    drawn = [(2 * turn + 1, turn & _TURN) for turn in range(wanted * 4)]
    in_turn = [(1, turn) for turn in range(_TURN + 1)]

    def build(draft: Draft, bits: int) -> Any:
        items: dict[str, Any] = {}
        base = bits & ~_TURN
        for goal, tries in ((wanted, drawn), (least, in_turn)):
            for factor, turn in tries:
                if len(items) >= goal:
                    break
                made = item(draft, base * factor + turn)
                if made is not None:
                    items.setdefault(repr([_at(made, key) for key in keys]) if keys else repr(made), made)
        return list(items.values()) if len(items) >= least else None

    return build


def _turned(bits: int, number: int) -> int:
    """Return a window of the draw, one more for each turn."""
    return window(bits & ~_TURN, number) + (bits & _TURN)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for position, name in enumerate(path):
        if isinstance(value, list):
            return [_at(part, path[position:]) for part in value]
        value = value.get(name.removesuffix("[*]")) if isinstance(value, dict) else None
    return value


def _refers(node: Node) -> bool:
    return any(reference.required for reference in node.references)
