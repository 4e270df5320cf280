"""The documents of any resource from its schema alone, compiled once into functions of the ordinal.

How an ordinal becomes a document: `ordinal = p + size * q`. The first reference of the natural key points to document p
of its target, which has `size` of them; the digits of q, one for each thing that can vary, tell the rest of the natural
key apart. Where a member can hold the ordinal itself, it does, and the digits only vary.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dms_load_test.generators.bodies import BodyCompiler
from dms_load_test.generators.changes import change_of
from dms_load_test.generators.choices import Choice, Chooser, Draft, NoFitError, window
from dms_load_test.generators.draws import GOLDEN, MASK, dice
from dms_load_test.generators.keys import Carrier, Variant, carrier_of, variant_values
from dms_load_test.generators.lineage import Made, itself, representatives
from dms_load_test.generators.numbering import Numbering, ancestries
from dms_load_test.generators.options import Optional
from dms_load_test.generators.rule import Rule, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel, Leaf, Reference, ResourceSchema
    from dms_load_test.generators.bodies import Part
    from dms_load_test.generators.lineage import Key
    from dms_load_test.generators.meaning import Meaning

_PERSONS = ("students", "staffs")
_SIBLINGS = 4
"""Children of one parent, where documents of one resource form a tree."""
_PROBES = 1500
_SAMPLES = 32
_FEWEST = 10
_KEYS_KEPT = 1024
_BOUNDLESS = 10**12
_MANY_MORE = 1_000_000
"""Documents beyond the planned ones that a resource must be able to make, to be called growable."""


class UnfillableError(Exception):
    """No document of a resource can be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What generic documents of one run share. `targets`: as in `Chooser`, for a resource's references."""

    model: ApiModel
    run: str
    seed: int
    meaning: Meaning
    optional: Optional
    homes: Mapping[tuple[str, str], Callable[[int], int]]
    targets: Callable[[ResourceSchema, Reference], Sequence[Made]]


class GenericResource:
    """One resource, compiled. `capacity`: ordinals with natural keys of their own.

    Raises: UnfillableError: a required member cannot be filled.
    """

    def __init__(self, schema: ResourceSchema, around: Surroundings) -> None:
        self.schema = schema
        self._around = around
        self._columns = representatives(schema)
        several = frozenset(self._columns.values())
        self._chooser = Chooser(
            self._columns, several, lambda reference: around.targets(schema, reference), around.homes
        )
        self._roll = dice(around.seed, f"generic {schema.resource}")
        self._hubs = self._required_choices()
        bound = {column for choice in self._hubs for _, column in choice.shared}
        own = [leaf for leaf in schema.body.leaves if f"$.{leaf.name}" in schema.identity]
        self._bound = tuple((leaf.name, column) for leaf in own if (column := self._column(leaf)) in bound)
        free = [leaf for leaf in own if self._column(leaf) not in bound]
        self._carrier = self._carrier_among(free)
        self._variants = self._variants_of(free)
        self._numbering = self._number()
        self._extras = self._compile_extras({leaf.name for leaf in own})
        self._parents = self._parent_references()
        self.roots = 0
        self._numbering = self._within_reach()
        self.key = lru_cache(_KEYS_KEPT)(self._key)

    @property
    def capacity(self) -> int:
        """How many documents can have natural keys of their own."""
        if self._carrier is not None:
            return int(min(self._carrier.capacity, _BOUNDLESS))
        return self._numbering.capacity

    @property
    def usual_count(self) -> int:
        """One document for each that the natural key refers to first, but a few where their number is free."""
        return max(self._numbering.first, _FEWEST if self._carrier is not None or not self._hubs else 1)

    def made(self, count: int) -> Made:
        """Return the resource with so many planned documents, at most `capacity`."""
        count = self._reachable(count)
        self.roots = -(-count // (_SIBLINGS + 1)) if self._parents else 0
        rule = Rule(
            self.document,
            change=change_of(self.schema, self._around.meaning),
            growable=self._can_grow(count),
            shares=True,
        )
        held = ancestries(self._key_choices(), self._numbering, count, lambda ordinal: self._begin(ordinal).chosen)
        ancestry = (itself(self.schema, self._columns), *held)
        return Made(self.schema, rule, count, self.key, self._columns, ancestry)

    def document(self, ordinal: int) -> dict[str, Any]:
        """Return a document. Parts of it are shared with others: encode or copy it, do not change it."""
        draft = self._begin(ordinal)
        body, bits = draft.body, draft.bits
        for name, required, part in self._extras:
            value = part.build(draft, bits)
            if value is not None:
                body[name] = value
            elif required:
                raise NoFitError(f"{name} is required, and no planned document agrees with the other references")
        if 0 < self.roots <= ordinal:
            for parent in self._parents:
                self._refer_to_parent(parent, draft)
        return body

    def _begin(self, ordinal: int) -> Draft:
        """Return the draft with natural key and required references."""
        draft = Draft(ordinal, self._roll(ordinal) & ~7)
        p, digits = self._numbering.split(ordinal)
        self._choose(draft, p, digits)
        for name, column in self._bound:
            draft.body[name] = draft.fixed[column]
        for digit, variant in zip(digits, self._varying, strict=False):
            self._put(draft, variant.leaf, variant.values[(p + digit) % len(variant.values)])
        for variant in self._steady:
            self._put(draft, variant.leaf, variant.values[(draft.bits >> 7) % len(variant.values)])
        if self._carrier is not None:
            self._put(draft, self._carrier.leaf, self._carrier.value(ordinal))
        return draft

    def _choose(self, draft: Draft, p: int, digits: list[int]) -> None:
        """Make the required references."""
        place = len(self._varying)
        for number, choice in enumerate(self._hubs):
            turn, strict = p, choice.reference.identity
            if not strict:
                turn = 0 if choice.home else window(draft.bits, -1 - number)
            elif number:
                turn = digits[place] + (0 if choice.tie or choice.home else p + choice.shift)
                place += 1
            taken = choice.take(draft, turn, strict=strict)
            if taken is None:
                raise NoFitError(f"{choice.reference.name}: no planned document agrees with the other references")
            draft.chosen.append(taken[0])
            draft.body[choice.reference.name] = taken[1]

    def _put(self, draft: Draft, leaf: Leaf, value: Any) -> None:
        draft.body[leaf.name] = value
        draft.fixed[self._column(leaf)] = value

    def _key(self, ordinal: int) -> Key:
        body = self._begin(ordinal).body
        return {path: value_of(body, tuple(path.split(".")[1:])) for path in self.schema.identity}

    def _column(self, leaf: Leaf) -> str:
        path = f"$.{leaf.name}"
        return self._columns.get(path, path)

    def _required_choices(self) -> list[Choice]:
        """Choose first what ties most: persons, then references of the natural key by their columns and targets."""
        hubs: list[Choice] = []
        waiting = [reference for reference in self.schema.body.references if reference.required or reference.identity]
        waiting.sort(key=self._weight)
        for reference in waiting:
            if reference.target == self.schema.resource:
                raise UnfillableError(f"{reference.name} requires another {self.schema.name}, so none can be the first")
            choice = self._chooser.choice(f"$.{reference.name}", reference, hubs)
            if choice is None:
                raise UnfillableError(f"{reference.name} is required, and no {reference.target} is planned")
            choice.shift = int(bool(hubs) and choice.made is hubs[0].made and choice.usable > 1)
            hubs.append(choice)
        return hubs

    def _weight(self, reference: Reference) -> tuple[bool, bool, bool, int, int]:
        targets = self._around.targets(self.schema, reference)
        count = targets[0].count if targets else 0
        late = reference.target == "schoolYearTypes"
        return not reference.identity, reference.target not in _PERSONS, late, -len(reference.leaves), -count

    def _key_choices(self) -> list[Choice]:
        return [choice for choice in self._hubs if choice.reference.identity]

    def _carrier_among(self, leaves: Sequence[Leaf]) -> Carrier | None:
        organization = self._around.model.abstract.get(self.schema.superclass)
        if organization is not None and self.schema.superclass_identity and len(leaves) == 1:
            kinds = sorted(organization.subclasses)
            kind, ids = kinds.index(self.schema.resource), self._around.meaning.organizations
            if not ids.room_for(len(kinds)):
                raise UnfillableError("EDUCATION_ORGANIZATION_IDS has too few ids for its kind of organization")
            return Carrier(leaves[0], ids.other_ids(kind, len(kinds)), ids.room_for(len(kinds)))
        return carrier_of(leaves, self._around.run)

    def _variants_of(self, leaves: Sequence[Leaf]) -> list[Variant]:
        found = []
        others = [leaf for leaf in leaves if self._carrier is None or leaf is not self._carrier.leaf]
        for leaf in others:
            pool = self._around.meaning.pool(leaf)
            values = variant_values(leaf, pool, alone=not self._key_choices() and len(leaves) == 1)
            if not values:
                raise UnfillableError(f"{leaf.name}: no value is known that fits the schema")
            found.append(Variant(leaf, self._own_share(leaf, values)))
        return found

    def _own_share(self, leaf: Leaf, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give each subclass days of its own, where subclasses share one natural key and a day tells them apart."""
        superclass = self._around.model.abstract.get(self.schema.superclass)
        if superclass is None or self.schema.superclass_identity or leaf.format != "date":
            return values
        kinds = sorted(superclass.subclasses)
        return self._around.meaning.days_before_school(kinds.index(self.schema.resource), len(kinds))

    @property
    def _varying(self) -> list[Variant]:
        return self._variants if self._carrier is None else []

    @property
    def _steady(self) -> list[Variant]:
        return [] if self._carrier is None else self._variants

    def _number(self) -> Numbering:
        choices = self._key_choices()
        sizes = [len(variant.values) for variant in self._varying] + [choice.fan for choice in choices[1:]]
        return Numbering(choices[0].usable if choices else 1, tuple(max(1, size) for size in sizes))

    def _within_reach(self) -> Numbering:
        """Leave out what the first reference could point to and no other required reference agrees with."""
        probes = _PROBES if any(choice.shared for choice in self._hubs) else 1
        for p in range(min(self._numbering.first, self.capacity, probes)):
            problem = self._problem(p)
            if problem and p == 0:
                raise UnfillableError(problem)
            if problem:
                return Numbering(p, self._numbering.sizes)
        return self._numbering

    def _reachable(self, count: int) -> int:
        """Return `count`, less if ordinals below it turn out to have no document."""
        fine = 0  # document 0 was made by `_within_reach`
        for ordinal in self._samples(1, count):
            if self._problem(ordinal):
                return bisect_left(range(ordinal), 1, lo=fine + 1, key=lambda n: bool(self._problem(n)))
            fine = ordinal
        return count

    def _can_grow(self, count: int) -> bool:
        """Say whether many documents beyond `count` can be made: a key of its own does not mean that the rest fits.

        A required member that repeats the document's own number refers to a planned document with that number, say, and
        of these there are no more than are planned.
        """
        end = count + _MANY_MORE
        return self.capacity >= end and not any(self._problem(ordinal) for ordinal in self._samples(count, end))

    def _samples(self, begin: int, end: int) -> list[int]:
        """Return ordinals of which one may have no document, the ends among them; none where all documents fit.

        They lie in no rhythm, as the numbering does: `end - begin` may well be a multiple of its sizes.
        """
        tied = any(choice.shared for choice in self._hubs)
        if begin >= end or not (tied or any(required and not part.fixed for _, required, part in self._extras)):
            return []
        parts = (number * GOLDEN & MASK for number in range(_SAMPLES))
        return sorted({begin, end - 1} | {begin + ((end - begin) * part >> 64) for part in parts})

    def _problem(self, ordinal: int) -> str:
        try:
            self.document(ordinal)
        except NoFitError as error:
            return str(error)
        return ""

    def _compile_extras(self, own: set[str]) -> list[tuple[str, bool, Part]]:
        """Compile all members that `_begin` does not make."""
        made = own | {choice.reference.name for choice in self._hubs}
        around, schema = self._around, self.schema
        compiler = BodyCompiler(self._chooser, around.meaning, around.optional, self._hubs, self._roll)
        rest = replace(
            schema.body,
            leaves=tuple(leaf for leaf in schema.body.leaves if leaf.name not in made),
            references=tuple(reference for reference in schema.body.references if reference.name not in made),
        )
        extras = []
        for name, required, part in compiler.members(rest, "$", top=True):
            if part is not None:
                extras.append((name, required, part))
            elif required:
                raise UnfillableError(f"{name} is required and cannot be filled")
        return extras

    def _parent_references(self) -> list[Reference]:
        """Return the optional references to documents of the same resource."""
        if self._around.optional is Optional.NONE:
            return []
        return [reference for reference in self.schema.body.references if reference.target == self.schema.resource]

    def _refer_to_parent(self, parent: Reference, draft: Draft) -> None:
        """Point to one of the first documents, the roots, where that agrees with the rest."""
        key = self.key(draft.number % self.roots)
        body = {leaf.name: key[parent.keys[leaf.name]] for leaf in parent.leaves}
        columns = {leaf.name: self._columns.get(f"$.{parent.name}.{leaf.name}", "") for leaf in parent.leaves}
        if all(draft.fixed.get(column, body[name]) == body[name] for name, column in columns.items()):
            draft.body[parent.name] = body
