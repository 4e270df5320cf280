"""Component schemas in DMS's dialect: `EdFi_Section`, `EdFi_Section_ClassPeriod`, `EdFi_CourseOffering_Reference`.

What OpenAPI has no word for is not written: digits of a number, bounds that a server does not check, unique keys of
collections, equality constraints, superclasses. Blank rules become patterns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.edfi.openapi_components import ID_SCHEMA, IDENTITY, SCHEMAS, Json
from dms_load_test.edfi.schema import CORE, walk_leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dms_load_test.edfi.schema import ApiModel, Collection, Leaf, Node, Reference, ResourceSchema

SCHOOL_YEAR_REFERENCE = "EdFi_SchoolYearTypeReference"
"""The one reference schema without `_Reference`."""
EXTENSIONS = "_ext"
"""The member that holds what other projects add to a resource."""
BLANK_PATTERNS = {"noEdge": r"^(?!\s)(.*\S)$", "notBlank": r"^(?!\s*$).+"}


def schema_name(resource: str, name: str) -> str:
    """`sections`, `Section` -> `EdFi_Section`; `tpdm/candidates`, `Candidate` -> `Tpdm_Candidate`."""
    return f"{project_name(resource)}_{name}"


def project_name(resource: str) -> str:
    """`sections` -> `EdFi`; `tpdm/candidates` -> `Tpdm`."""
    prefix = resource.partition("/")[0] if "/" in resource else CORE
    return "".join(capital(part) for part in prefix.split("-"))


def capital(name: str) -> str:
    """`schoolYear` -> `SchoolYear`."""
    return name[:1].upper() + name[1:]


def resource_schemas(model: ApiModel, schema: ResourceSchema) -> Iterator[tuple[str, Json]]:
    """Yield (component name, schema) for the resource's body, its parts, its references and its tracked changes."""
    name = schema_name(schema.resource, schema.name)
    identity = frozenset(schema.identity)
    yield from _node_schemas(model, name, schema.body, identity)
    yield from _tracked_change_schemas(name, schema)


def leaf_schema(leaf: Leaf, *, identity: bool = False) -> Json:
    """Return a member's schema. A number is written as DMS does: `format: double`."""
    written: Json = {"type": leaf.kind}
    fmt = leaf.format or ("double" if leaf.kind == "number" else "")
    facts = {
        "format": fmt or None,
        "minLength": leaf.min_length,
        "maxLength": leaf.max_length,
        "minimum": _number(leaf.minimum),
        "maximum": _number(leaf.maximum),
        "pattern": leaf.pattern or BLANK_PATTERNS.get(leaf.blanks),
        "enum": list(leaf.enum) or None,
    }
    written |= {word: value for word, value in facts.items() if value is not None}
    if identity:
        written[IDENTITY] = True
    elif not leaf.required:
        written["x-nullable"] = True
    return written


def query_names(schema: ResourceSchema) -> dict[str, str]:
    """Return identity path -> the name under which queries and change records know it."""
    names = {path: name for name, path in schema.query.items()}
    return {path: names.get(path, path.rpartition(".")[2]) for path in schema.identity}


def _number(bound: float | None) -> float | None:
    return int(bound) if bound is not None and bound == int(bound) else bound


def _node_schemas(model: ApiModel, name: str, node: Node, identity: frozenset[str]) -> Iterator[tuple[str, Json]]:
    """Yield the schema of `node` as `name`, then those of the parts below it.

    `identity` holds the natural key's paths; below the resource's own members it is empty.
    """
    properties: Json = {"id": ID_SCHEMA} if identity else {}
    required: list[str] = []
    for leaf in node.leaves:
        properties[leaf.name] = leaf_schema(leaf, identity=f"$.{leaf.name}" in identity)
        required += [leaf.name] if leaf.required else []
    for reference in node.references:
        component = _reference_name(model, reference)
        properties[reference.name] = _reference_property(component, reference)
        required += [reference.name] if reference.required else []
        yield component, _reference_schema(reference, marked=component != SCHOOL_YEAR_REFERENCE)
    for inline in node.objects:
        extended = inline.name == EXTENSIONS
        component = f"{name}Extension" if extended else f"{name}_{capital(inline.name)}"
        properties[inline.name] = {"$ref": SCHEMAS + component}
        required += [inline.name] if inline.required else []
        write = _extension_schemas if extended else _node_schemas
        yield from write(model, component, inline.node, frozenset())
    for collection in node.collections:
        component = f"{name}_{capital(_singular(collection.name))}"
        properties[collection.name] = _array(component, collection)
        required += [collection.name] if collection.required else []
        yield from _node_schemas(model, component, collection.item, frozenset())
    yield name, _object(properties, required)


def _extension_schemas(model: ApiModel, name: str, node: Node, identity: frozenset[str]) -> Iterator[tuple[str, Json]]:
    """Yield what `_ext` of a resource is: one object per project, whose component begins with the project's name."""
    components = {inline.name: f"{inline.name}_{name}" for inline in node.objects}
    yield name, _object({project: {"$ref": SCHEMAS + component} for project, component in components.items()}, [])
    for inline in node.objects:
        yield from _node_schemas(model, components[inline.name], inline.node, identity)


def _object(properties: Json, required: list[str]) -> Json:
    """Return an object schema; OpenAPI 3.0 forbids an empty `required`."""
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _array(component: str, collection: Collection) -> Json:
    return {
        "type": "array",
        "items": {"$ref": SCHEMAS + component},
        "minItems": collection.min_items,
        "uniqueItems": False,
    }


def _reference_name(model: ApiModel, reference: Reference) -> str:
    target = model.resources.get(reference.target)
    if target is None:
        return f"{project_name('')}_{reference.target}_Reference"
    name = schema_name(target.resource, target.name)
    return SCHOOL_YEAR_REFERENCE if target.resource == "schoolYearTypes" else f"{name}_Reference"


def _reference_property(component: str, reference: Reference) -> Json:
    mark: Json = {}
    if reference.identity:
        mark = {IDENTITY: True}
    elif not reference.required:
        mark = {"x-nullable": True}
    return {"$ref": SCHEMAS + component} | mark


def _reference_schema(reference: Reference, *, marked: bool) -> Json:
    """Return the schema that all references to one target share.

    Every member is required: a reference object that lacks one points nowhere.
    """
    properties = {leaf.name: leaf_schema(leaf, identity=marked) for leaf in reference.leaves}
    for member in properties.values():
        member.pop("x-nullable", None)
    return _object(properties, [leaf.name for leaf in reference.leaves])


def _tracked_change_schemas(name: str, schema: ResourceSchema) -> Iterator[tuple[str, Json]]:
    leaves = dict(walk_leaves(schema.body))
    key = f"{name}_TrackedChangeKey"
    members = {called: {"type": leaves[path].kind} for path, called in query_names(schema).items()}
    yield key, _object(members, list(members))
    head: Json = {"id": ID_SCHEMA, "changeVersion": {"type": "integer", "format": "int64"}}
    key_ref = {"$ref": SCHEMAS + key}
    deleted = head | {"keyValues": key_ref}
    yield f"{name}_TrackedChangeDelete", _object(deleted, list(deleted))
    changed = head | {"oldKeyValues": key_ref, "newKeyValues": key_ref}
    yield f"{name}_TrackedChangeKeyChange", _object(changed, list(changed))


def _singular(name: str) -> str:
    """`addresses` -> `address`, `categories` -> `category`: good enough for a name that only has to be readable."""
    for ending, singular in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if name.endswith(ending):
            return name.removesuffix(ending) + singular
    return name
