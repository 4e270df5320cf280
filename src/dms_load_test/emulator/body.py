"""One pass over a posted document: prune, coerce, check, and note what it refers to. Compiled once per resource.

What a client can notice, in this order: members that the schema does not know, nulls and arrays without a member in
any item vanish; values are coerced; every violation of the schema is listed, then decimals out of range, then unequal
repeated keys, then repeated items of an array. Each group is reported only where those before it found nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dms_load_test.emulator.fields import OutOfRange, Wrong, compile_leaf, wrong_type
from dms_load_test.emulator.identity import reference_rule
from dms_load_test.emulator.paths import values_reader
from dms_load_test.emulator.problems import Refused, bad_request, invalid_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel, Collection, Inline, Leaf, Node, Reference, ResourceSchema
    from dms_load_test.emulator.fields import Check
    from dms_load_test.emulator.identity import ReferenceRule

    Document = dict[str, Any]
    Clean = Callable[[Any, str, "Findings"], Document]
    Dive = Callable[[Any, str, "Findings", Document], Any]
    """Takes a nested value, its path, the findings and the object that will hold it; returns `None` to prune it."""

_TRIMMED = ("codeValue", "shortDescription")


@dataclass(slots=True)
class Findings:
    """What one pass found. Grows while a document is checked.

    `references`: (path, rule, object); `descriptors`: (path, descriptor name, holder, member); `arrays`: (path,
    key of an item, items); a descriptor inside a reference is in `spellings`: its reference says whether it exists.
    `folds_names`: members are known whatever the case of their names.
    """

    folds_names: bool = False

    violations: dict[str, list[str]] = field(default_factory=dict)
    out_of_range: dict[str, list[str]] = field(default_factory=dict)
    references: list[tuple[str, ReferenceRule, Document]] = field(default_factory=list)
    descriptors: list[tuple[str, str, Document, str]] = field(default_factory=list)
    spellings: list[tuple[str, Document, str]] = field(default_factory=list)
    arrays: list[tuple[str, ItemKey, list[Any]]] = field(default_factory=list)

    def note(self, path: str, wrong: Wrong) -> None:
        """Note what is wrong with a scalar."""
        group = self.out_of_range if isinstance(wrong, OutOfRange) else self.violations
        group.setdefault(path, []).append(f"{path.rpartition('.')[2]} {wrong}")

    def violate(self, path: str, message: str) -> None:
        """Note a violation of the schema."""
        self.violations.setdefault(path, []).append(message)


class BodyRules:
    """The rules of one resource's documents."""

    def __init__(self, model: ApiModel, schema: ResourceSchema, *, folds_names: bool = False) -> None:
        self._clean = _compile_node(model, schema.body)
        self._folds_names = folds_names
        self._equal = tuple((left, values_reader(left), right, values_reader(right)) for left, right in schema.equal)
        self._trimmed = _TRIMMED if schema.is_descriptor else ()

    def check(self, posted: Any, expected_id: str = "") -> tuple[Document, Findings]:
        """Return the document to keep, and what it refers to. `posted` stays as it is.

        `expected_id` is the id of the document to update, which the body has to repeat; empty for a new one.

        Raises:
            Refused: if the document breaks a rule; the problem lists every violation of the first group that has any.
        """
        found = Findings(folds_names=self._folds_names)
        document = self._clean(self._trim(posted), "$", found)
        if expected_id and type(posted) is dict and posted.get("id") is None:
            found.violate("$.id", "id is required.")
        _refuse(found.violations)
        _refuse(found.out_of_range)
        if expected_id and str(posted["id"]).lower() != expected_id:
            raise Refused(bad_request("Request body id must match the id in the url."))
        self.refuse_unequal(document)
        if found.arrays:
            _refuse(_repeated(found.arrays))
        return document, found

    @property
    def has_equal_members(self) -> bool:
        """Whether members of a document repeat each other's values."""
        return bool(self._equal)

    def refuse_unequal(self, document: Document) -> None:
        """Check the members that repeat each other's values.

        Raises:
            Refused: if they differ.
        """
        if self._equal:
            _refuse(self._unequal(document))

    def _trim(self, posted: Any) -> Any:
        if not self._trimmed or type(posted) is not dict:
            return posted
        texts = {name: posted[name].strip() for name in self._trimmed if type(posted.get(name)) is str}
        return {**posted, **texts}

    def _unequal(self, document: Document) -> dict[str, list[str]]:
        violations: dict[str, list[str]] = {}
        for left, read_left, right, read_right in self._equal:
            ours, theirs = read_left(document), read_right(document)
            if not ours or not theirs:
                continue
            values = {_comparable(left, value): value for value in (*ours, *theirs)}
            if len(values) > 1:
                message = _unequal_message(left.rpartition(".")[2], list(values.values()))
                for path in (left, right):
                    violations.setdefault(path, []).append(message)
        return violations


def _refuse(violations: dict[str, list[str]]) -> None:
    if violations:
        raise Refused(invalid_data(violations))


def _unequal_message(name: str, values: Sequence[object]) -> str:
    shown = ", ".join(f"'{value}'" for value in values)
    return (
        f"All values supplied for '{name}' must match. Review all references (including those higher up in the "
        f"resource's data) and align the following conflicting values: {shown}"
    )


def _comparable(path: str, value: Any) -> Any:
    """Descriptor values differ in more than case, or do not differ."""
    return value.lower() if path.endswith("Descriptor") and type(value) is str else value


class ItemKey:
    """The values that must differ between the items of one array."""

    __slots__ = ("_readers",)

    def __init__(self, paths: Sequence[str]) -> None:
        self._readers = tuple((path, values_reader(path)) for path in paths)

    def of(self, item: Document) -> tuple[Any, ...]:
        """Return the item's key; members that are absent count as such."""
        return tuple(tuple(_comparable(path, value) for value in read(item)) for path, read in self._readers)


def _repeated(arrays: Sequence[tuple[str, ItemKey, list[Any]]]) -> dict[str, list[str]]:
    violations: dict[str, list[str]] = {}
    for path, key, items in arrays:
        seen: set[tuple[Any, ...]] = set()
        for position, item in enumerate(items, start=1):
            values = key.of(item)
            if values in seen:
                name = path.rpartition(".")[2]
                message = (
                    f"The {ordinal_text(position)} item of the {name} has the same identifying values as another item "
                    "earlier in the list."
                )
                violations.setdefault(path, []).append(message)
            seen.add(values)
    return violations


def ordinal_text(number: int) -> str:
    """`3` -> `3rd`, `11` -> `11th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return str(number) + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _compile_node(model: ApiModel, node: Node) -> Clean:
    scalars = {leaf.name: compile_leaf(leaf) for leaf in node.leaves if not leaf.descriptor}
    nested: dict[str, Dive] = {leaf.name: _compile_descriptor(leaf) for leaf in node.leaves if leaf.descriptor}
    nested |= {reference.name: _compile_reference(model, reference) for reference in node.references}
    nested |= {inline.name: _compile_inline(model, inline.node) for inline in node.objects}
    nested |= {collection.name: _compile_collection(model, collection) for collection in node.collections}
    members: tuple[Leaf | Reference | Inline | Collection, ...]
    members = (*node.leaves, *node.references, *node.objects, *node.collections)
    return _compile_object(scalars, nested, tuple(member.name for member in members if member.required))


def _compile_object(scalars: Mapping[str, Check], nested: Mapping[str, Dive], required: Sequence[str]) -> Clean:
    folded = {name.lower(): name for name in (*scalars, *nested)}
    return _ObjectRules(scalars, nested, required, folded).clean


@dataclass(frozen=True, slots=True)
class _ObjectRules:
    """The members of one object. A scalar's check costs one look-up; nested members are fewer."""

    scalars: Mapping[str, Check]
    nested: Mapping[str, Dive]
    required: Sequence[str]
    folded: Mapping[str, str]

    def clean(self, value: Any, at: str, found: Findings) -> Document:
        """Return the object without what is pruned, coerced; an invalid value stays, its violation is noted."""
        if type(value) is not dict:
            found.violate(at, f"{at.rpartition('.')[2]} {wrong_type(value, 'object')}")
            return {}
        kept: Document = {}
        scalars = self.scalars
        for name, raw in value.items():
            if raw is None:
                continue
            check = scalars.get(name)
            if check is None:
                self._dive(name, raw, at, found, kept)
                continue
            try:
                kept[name] = check(raw)
            except Wrong as wrong:
                kept[name] = raw
                found.note(f"{at}.{name}", wrong)
        for name in self.required:
            if name not in kept:
                found.violate(f"{at}.{name}", f"{name} is required.")
        return kept

    def _dive(self, name: str, raw: Any, at: str, found: Findings, kept: Document) -> None:
        dive = self.nested.get(name)
        if dive is not None:
            value = dive(raw, f"{at}.{name}", found, kept)
            if value is not None:
                kept[name] = value
        elif found.folds_names:
            self._fold(name, raw, at, found, kept)

    def _fold(self, name: str, raw: Any, at: str, found: Findings, kept: Document) -> None:
        """Take a member whose name is known in another case."""
        exact = self.folded.get(name.lower())
        if exact is not None and exact not in kept:
            alone = _ObjectRules(self.scalars, self.nested, (), self.folded)
            kept.update(alone.clean({exact: raw}, at, found))


def _compile_descriptor(leaf: Leaf) -> Dive:
    check, name, descriptor = compile_leaf(leaf), leaf.name, leaf.descriptor

    def dive(raw: Any, at: str, found: Findings, holder: Document) -> Any:
        try:
            check(raw)
        except Wrong as wrong:
            found.note(at, wrong)
        else:
            found.descriptors.append((at, descriptor, holder, name))
        return raw

    return dive


def _compile_reference(model: ApiModel, reference: Reference) -> Dive:
    scalars = {leaf.name: compile_leaf(leaf) for leaf in reference.leaves}
    clean = _compile_object(scalars, {}, tuple(leaf.name for leaf in reference.leaves if leaf.required))
    spelled = tuple((leaf.name, leaf.descriptor) for leaf in reference.leaves if leaf.descriptor)
    rule, complete = reference_rule(model, reference), len(reference.leaves)
    may_lack = tuple(leaf.name for leaf in reference.leaves if not leaf.required)

    def dive(raw: Any, at: str, found: Findings, _holder: Document) -> Document | None:
        before = len(found.violations)
        kept = clean(raw, at, found)
        if len(kept) == complete:
            found.references.append((at, rule, kept))
        elif kept:  # a part of a key names nothing that could be looked up: all of its members, or none
            for name in may_lack:
                if name not in kept:
                    found.violate(f"{at}.{name}", f"{name} is required.")
        for name, descriptor in spelled:
            if name in kept:
                found.spellings.append((descriptor, kept, name))
        return kept if kept or len(found.violations) > before else None

    return dive


def _compile_inline(model: ApiModel, node: Node) -> Dive:
    clean = _compile_node(model, node)

    def dive(raw: Any, at: str, found: Findings, _holder: Document) -> Document | None:
        before = len(found.violations)
        kept = clean(raw, at, found)
        return kept if kept or len(found.violations) > before else None

    return dive


def _compile_collection(model: ApiModel, collection: Collection) -> Dive:
    clean, key, name = _compile_node(model, collection.item), ItemKey(collection.key), collection.name
    fewest = collection.min_items

    def dive(raw: Any, at: str, found: Findings, _holder: Document) -> list[Document] | None:
        if type(raw) is not list:
            found.violate(at, f"{name} {wrong_type(raw, 'array')}")
            return []
        if not raw or (raw[0] == {} and all(item == {} for item in raw)):
            return None
        if len(raw) < fewest:
            found.violate(at, f"{name} Value should have at least {fewest} items")
        items = [clean(item, f"{at}[{position}]", found) for position, item in enumerate(raw)]
        if collection.key and len(items) > 1:
            found.arrays.append((at, key, items))
        return items

    return dive
