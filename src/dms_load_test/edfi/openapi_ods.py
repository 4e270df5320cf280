"""DMS's dialect of OpenAPI documents rewritten as ODS/API's. Pure.

What differs: `EdFi_Section_ClassPeriod` is `edFi_sectionClassPeriod`, `EdFi_School_Reference` is
`edFi_schoolReference`; references in bodies are not marked as identity; descriptors have a number of their own,
`xxxDescriptorId`, that is marked instead of namespace and code value; ids have no hyphens, so they are not said to be
UUIDs; there are no partitions.
"""

from __future__ import annotations

from typing import Any

from dms_load_test.edfi.openapi_components import IDENTITY, SCHEMAS, Json

_DESCRIPTOR_KEY = ("namespace", "codeValue")


def as_ods(document: Json) -> Json:
    """Return the document in ODS/API's dialect."""
    document = _without_uuids(document)
    components = document["components"]
    schemas = components["schemas"]
    names = {name: _renamed(name) for name in schemas}
    paths = {path: about for path, about in document["paths"].items() if not path.endswith("/partitions")}
    return {
        **document,
        "paths": _pointing(paths, names),
        "components": {
            **components,
            "schemas": {
                names[name]: _schema(names[name], _pointing(schema, names)) for name, schema in schemas.items()
            },
        },
    }


def _without_uuids(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _without_uuids(value) for name, value in node.items() if (name, value) != ("format", "uuid")}
    return [_without_uuids(item) for item in node] if isinstance(node, list) else node


def _renamed(name: str) -> str:
    """`EdFi_Section_ClassPeriod` -> `edFi_sectionClassPeriod`."""
    project, *parts = name.split("_")
    if not parts:
        return name
    joined = "".join(part[:1].upper() + part[1:] for part in parts)
    return f"{project[:1].lower()}{project[1:]}_{joined[:1].lower()}{joined[1:]}"


def _pointing(node: Any, names: dict[str, str]) -> Any:
    """Return `node` with every pointer to a component pointing to its new name."""
    if isinstance(node, dict):
        return {name: _pointing(value, names) for name, value in node.items()}
    if isinstance(node, list):
        return [_pointing(value, names) for value in node]
    if isinstance(node, str) and node.startswith(SCHEMAS):
        name = node.removeprefix(SCHEMAS)
        return SCHEMAS + names.get(name, name)
    return node


def _schema(name: str, schema: Json) -> Json:
    properties = schema.get("properties")
    if properties is None:
        return schema
    written = {
        member: {word: value for word, value in about.items() if word != IDENTITY} if "$ref" in about else about
        for member, about in properties.items()
    }
    if name.endswith("Descriptor") and properties.keys() >= set(_DESCRIPTOR_KEY):
        for member in _DESCRIPTOR_KEY:
            written[member] = {word: value for word, value in written[member].items() if word != IDENTITY}
        surrogate = f"{name.partition('_')[2]}Id"
        written = {surrogate: {"type": "integer", "format": "int32", IDENTITY: True}, **written}
    return {**schema, "properties": written}
