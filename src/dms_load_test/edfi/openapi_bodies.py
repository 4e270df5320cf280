"""JSON schemas of OpenAPI documents -> `Node`, in DMS's and ODS/API's dialects. `openapi_schemas` is the opposite.

Both dialects end the name of a reference's component with `Reference` (`EdFi_School_Reference`, `edFi_schoolReference`)
and write everything else as plain JSON schema with `x-Ed-Fi-isIdentity`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from dms_load_test.edfi.hints import hints
from dms_load_test.edfi.openapi_components import IDENTITY, SCHEMAS
from dms_load_test.edfi.openapi_schemas import BLANK_PATTERNS, capital
from dms_load_test.edfi.schema import Collection, Inline, Leaf, Node, Reference, walk_leaves
from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dms_load_test.edfi.schema import Kind

_SERVERS_OWN = frozenset({"id", "link", "_etag", "_lastModifiedDate"})
"""Members that the server writes."""
_NEVER_KEYS = frozenset({"resultDatatypeTypeDescriptor"})
"""Required descriptors that tell how to read an item, never which one it is."""
_BLANKS = {pattern: rule for rule, pattern in BLANK_PATTERNS.items()} | {r"^(?!\s).*(?<!\s)$": "noEdge"}
_NO_FORMAT = frozenset({"double", "float", "decimal"})
"""Formats that say no more than the type does."""


def component_parts(component: str) -> tuple[str, str]:
    """Divide a component's name: `EdFi_School_Reference`, `edFi_schoolReference` -> `("edfi", "SchoolReference")`."""
    project, _, name = component.partition("_")
    return project.lower(), capital(name.removesuffix("_Reference") + "Reference" * name.endswith("_Reference"))


@dataclass(slots=True)
class BodyReader:
    """Reads the body of one resource.

    `targets` maps (project, singular) to resources. `descriptors` tells for each project, as component names begin,
    which descriptors its members can take: lower-case name -> name; `""` stands for all projects. `marked` fills with
    the paths of members marked as identity that are not within references.
    """

    resource: str
    components: Mapping[str, Any]
    targets: Mapping[tuple[str, str], str]
    descriptors: Mapping[str, Mapping[str, str]]
    marked: set[str] = field(default_factory=set)

    def read(self, component: str) -> Node:
        """Return the body that `component` describes.

        Raises:
            TargetError: a `$ref` points nowhere, or a component contains itself.
        """
        return self._node({"$ref": SCHEMAS + component}, "$", ())

    def _node(self, schema: Mapping[str, Any], at: str, within: tuple[str, ...]) -> Node:
        whole = self._whole(schema)
        within = self._within(schema, within)
        project = component_parts(within[-1].removeprefix(SCHEMAS))[0]
        required = frozenset(whole.get("required", ()))
        leaves: list[Leaf] = []
        references: list[Reference] = []
        objects: list[Inline] = []
        collections: list[Collection] = []
        for name, about in whole.get("properties", {}).items():
            if name in _SERVERS_OWN:
                continue
            path, needed = f"{at}.{name}", name in required
            kind = self._whole(about)
            if self._is_reference(name, about):
                references.append(self._reference(name, about, needed=needed))
            elif kind.get("type") == "array":
                collections += self._collection(name, kind, path, within, needed=needed)
            elif "properties" in kind or kind.get("type") == "object":
                objects.append(Inline(name, self._node(about, path, within), needed))
            else:
                leaves.append(self._leaf(name, kind, project, required=needed))
                if kind.get(IDENTITY):
                    self.marked.add(path)
        return Node(tuple(leaves), tuple(references), tuple(objects), tuple(collections))

    def _whole(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return `schema` with its `$ref` followed and its `allOf` merged; marks beside a `$ref` are kept."""
        whole: dict[str, Any] = {}
        if "$ref" in schema:
            whole = self._whole(self._component(str(schema["$ref"])))
        for part in schema.get("allOf", ()):
            merged = self._whole(part)
            properties = whole.get("properties", {}) | merged.get("properties", {})
            required = [*whole.get("required", ()), *merged.get("required", ())]
            whole |= merged
            whole |= {word: value for word, value in (("properties", properties), ("required", required)) if value}
        own = {word: value for word, value in schema.items() if word not in ("$ref", "allOf")}
        if whole.get("properties") and own.get("properties"):
            own["properties"] = whole["properties"] | own["properties"]
            own["required"] = [*whole.get("required", ()), *own.get("required", ())]
        return whole | own

    def _component(self, pointer: str) -> Mapping[str, Any]:
        found = self.components.get(pointer.removeprefix(SCHEMAS))
        if found is None:
            raise TargetError(f"the OpenAPI document of {self.resource} refers to {pointer}, which it does not have")
        return cast("Mapping[str, Any]", found)

    def _within(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> tuple[str, ...]:
        pointer = schema.get("$ref")
        if pointer is None:
            return within
        if pointer in within:
            raise TargetError(f"the OpenAPI document of {self.resource}: {pointer} contains itself")
        return (*within, pointer)

    def _pointer(self, schema: Mapping[str, Any]) -> str:
        """Return the component that `schema` is, or `""`; `allOf` around one `$ref` is the same."""
        parts = schema.get("allOf", ())
        alone = parts[0] if len(parts) == 1 else {}
        return str(schema.get("$ref") or alone.get("$ref") or "").removeprefix(SCHEMAS)

    def _is_reference(self, name: str, about: Mapping[str, Any]) -> bool:
        return name.endswith("Reference") and self._pointer(about).endswith("Reference")

    def _reference(self, name: str, about: Mapping[str, Any], *, needed: bool) -> Reference:
        """Read a reference; its `keys` are found when all resources are known."""
        project, singular = component_parts(self._pointer(about))
        singular = singular.removesuffix("Reference")
        node = self._whole(about)
        required = frozenset(node.get("required", ()))
        leaves = tuple(
            self._leaf(leaf, self._whole(facts), project, required=leaf in required)
            for leaf, facts in node.get("properties", {}).items()
            if leaf not in _SERVERS_OWN
        )
        target = self.targets.get((project, singular), singular)
        return Reference(name, target, leaves, {}, required=needed, identity=bool(about.get(IDENTITY)))

    def _collection(
        self, name: str, kind: Mapping[str, Any], path: str, within: tuple[str, ...], *, needed: bool
    ) -> Iterator[Collection]:
        """Yield the collection; an array of plain values, which Ed-Fi does not have, is left out."""
        items = kind.get("items", {})
        if "properties" not in self._whole(items):
            return
        item = self._node(items, f"{path}[*]", within)
        least = int(kind.get("minItems", 1 if needed else 0))
        yield Collection(name, item, needed, least, self._collection_key(path, item))

    def _collection_key(self, path: str, item: Node) -> tuple[str, ...]:
        """Return what must differ between items: as marked, else as in the standard, else what likely tells them apart.

        The standard is asked for this collection, then for any collection of this name.
        """
        begin = f"{path}[*]."
        own = tuple(leaf.name for leaf in item.leaves if begin + leaf.name in self.marked)
        if own:
            return tuple(sorted(own + _required_reference_leaves(item)))
        members = {at.removeprefix("$.") for at, _ in walk_leaves(item)}
        name = path.rpartition(".")[2]
        for known in (hints().collection_keys.get((self.resource, path), ()), *hints().item_keys.get(name, ())):
            if known and members.issuperset(known):
                return known
        required = tuple(leaf for leaf in item.leaves if leaf.required and leaf.name not in _NEVER_KEYS)
        descriptors = tuple(leaf.name for leaf in required if leaf.descriptor)
        likely = _required_reference_leaves(item) or descriptors or tuple(leaf.name for leaf in required)
        return tuple(sorted(likely or members))

    def _leaf(self, name: str, about: Mapping[str, Any], project: str, *, required: bool) -> Leaf:
        kind = cast("Kind", about.get("type", "string"))
        pattern = str(about.get("pattern", ""))
        fmt = str(about.get("format", ""))
        descriptor = self._descriptor(name, project) if kind == "string" else ""
        if kind == "string" and not (fmt or descriptor or "maxLength" in about or "enum" in about):
            fmt = "time"  # Ed-Fi limits every text; what ODS/API leaves without limit and format are times of day
        number = hints().numbers.get(name) if kind == "number" else None
        return Leaf(
            name,
            kind,
            required,
            format="" if fmt in _NO_FORMAT else fmt,
            descriptor=descriptor,
            min_length=about.get("minLength"),
            max_length=about.get("maxLength"),
            minimum=about.get("minimum"),
            maximum=about.get("maximum"),
            digits=number.digits if number else None,
            pattern="" if pattern in _BLANKS else pattern,
            enum=tuple(str(value) for value in about.get("enum", ())),
            blanks=cast("Any", _BLANKS.get(pattern, "")),
            suggested=number.suggested if number else (None, None),
        )

    def _descriptor(self, name: str, project: str) -> str:
        """`entryGradeLevelDescriptor` -> `GradeLevelDescriptor`: the longest descriptor whose words end the name.

        Where none does, the member's own name: it is a descriptor, but the documents do not describe it.
        """
        if not name.endswith("Descriptor"):
            return ""
        starts = [0, *(place for place, letter in enumerate(name) if letter.isupper())]
        for among in (project, ""):
            known = self.descriptors.get(among, {})
            for start in starts:
                if name[start:].lower() in known:
                    return known[name[start:].lower()]
        return capital(name)


def _required_reference_leaves(item: Node) -> tuple[str, ...]:
    return tuple(
        f"{reference.name}.{leaf.name}"
        for reference in item.references
        if reference.required
        for leaf in reference.leaves
    )
