"""OpenAPI documents -> `ApiModel`, for any data standard and extension, in DMS's and ODS/API's dialects. Pure.

What the documents cannot say comes from the embedded standard where it knows the resource or member by name (`hints`):
digits of numbers, unique keys of collections, some equality constraints. The opposite is `openapi_writer`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.hints import hints
from dms_load_test.edfi.natural_keys import columns, equal_pairs, join_pairs, key_paths
from dms_load_test.edfi.openapi_bodies import BodyReader, component_parts
from dms_load_test.edfi.openapi_components import IDENTITY, SCHEMAS
from dms_load_test.edfi.schema import (
    AbstractResource,
    ApiModel,
    ResourceSchema,
    map_references,
    resource_of,
    walk_leaves,
    walk_references,
)
from dms_load_test.edfi.swagger import as_openapi3
from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dms_load_test.edfi.schema import Reference

_COLLECTION_PATH = re.compile(r"/[^/{}]+/[^/{}]+")
_CORE = "edfi"
_DESCRIPTOR = "Descriptor"
_EDUCATION_ORGANIZATION = "EducationOrganization"


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """One resource as its document has it. `marks_references`: the dialect of DMS, which marks references too."""

    resource: str
    component: str
    operations: Mapping[str, Any]
    update: Mapping[str, Any]
    components: Mapping[str, Any]
    marks_references: bool

    @property
    def singular(self) -> str:
        return component_parts(self.component)[1]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A resource before the keys of its references are known: `columns` maps paths to columns."""

    schema: ResourceSchema
    columns: Mapping[str, str]

    @property
    def key_columns(self) -> dict[str, str]:
        return {path: self.columns[path] for path in self.schema.identity}


def read_openapi(documents: Sequence[Mapping[str, Any]]) -> ApiModel:
    """Read the documents of one API: its resources and its descriptors, in any order.

    A resource whose document marks no member as identity gets all its required members as natural key.

    Raises:
        TargetError: a document is no OpenAPI 3 or Swagger 2 document, or refers to what it does not have; or no
            document describes a resource.
    """
    endpoints = [endpoint for document in documents for endpoint in _endpoints(document)]
    if not endpoints:
        raise TargetError("the OpenAPI documents describe no resource; check OPENAPI_URLS")
    targets = {component_parts(endpoint.component): endpoint.resource for endpoint in endpoints}
    names = {endpoint.resource: endpoint.singular for endpoint in endpoints}
    descriptors = _descriptors(targets)
    takes = _descriptors_by_project(targets)
    drafts = {
        endpoint.resource: _draft(endpoint, BodyReader(endpoint.resource, endpoint.components, targets, takes), names)
        for endpoint in endpoints
    }
    abstract = _abstract_resources(drafts)
    resources = {name: _finished(draft, drafts, abstract) for name, draft in drafts.items()}
    return ApiModel(resources, abstract, descriptors)


def _descriptors(targets: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Return descriptor -> resource; where two projects have one of the same name, the core's counts."""
    core_last = sorted(targets, key=lambda key: key[0] == _CORE)
    return {name: targets[project, name] for project, name in core_last if name.endswith(_DESCRIPTOR)}


def _descriptors_by_project(targets: Mapping[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """Return project -> lower-case name -> name of its descriptors and the core's, and `""` -> those of all projects.

    The core takes no extension's descriptors. Documents without descriptors leave those of the embedded standard.
    """
    named = [key for key in targets if key[1].endswith(_DESCRIPTOR)] or [(_CORE, name) for name in hints().descriptors]
    core = {name.lower(): name for project, name in named if project == _CORE}
    found = {project: dict(core) for project, _ in targets}
    for project, name in named:
        found.setdefault(project, {})[name.lower()] = name
    found[""] = {name.lower(): name for _, name in named}
    return found


def _endpoints(document: Any) -> Iterator[_Endpoint]:
    paths = document.get("paths") if isinstance(document, Mapping) else None
    if not isinstance(paths, Mapping) or not all(isinstance(item, Mapping) for item in paths.values()):
        raise TargetError(
            "a document at OPENAPI_URLS is no OpenAPI document: it has no paths, or some that are no objects; name the "
            "documents themselves, not the list that discovery calls openApiMetadata"
        )
    if "swagger" in document:
        document = as_openapi3(document)
        paths = document["paths"]
    components = document.get("components", {}).get("schemas", {})
    marks = any(name.endswith("_Reference") for name in components)
    for path, operations in paths.items():
        component = _body_component(operations) if _COLLECTION_PATH.fullmatch(path) else ""
        if component:
            update = paths.get(f"{path}/{{id}}", {}).get("put", {})
            yield _Endpoint(resource_of(path), component, operations, update, components, marks)


def _body_component(operations: Mapping[str, Any]) -> str:
    """Return the component that the POST body is, or `""` where nothing can be created."""
    content = operations.get("post", {}).get("requestBody", {}).get("content", {})
    for media in content.values():
        return str(media.get("schema", {}).get("$ref", "")).removeprefix(SCHEMAS)
    return ""


def _draft(endpoint: _Endpoint, reader: BodyReader, names: Mapping[str, str]) -> _Draft:
    body = reader.read(endpoint.component)
    parameters = dict(_filters(endpoint))
    schema = ResourceSchema(
        resource=endpoint.resource,
        name=endpoint.singular,
        body=body,
        identity=(),
        allow_identity_updates=bool(endpoint.update.get("x-Ed-Fi-isUpdatable")),
    )
    if endpoint.singular.endswith(_DESCRIPTOR) and {"namespace", "codeValue"} <= {leaf.name for leaf in body.leaves}:
        schema = _as_descriptor(schema)
    own = columns(schema.body, names, parameters)
    if not schema.is_descriptor:
        schema = _with_identity(schema, endpoint, reader.marked, own, parameters)
    paths = {path for path, _ in walk_leaves(schema.body)}
    known = [pair for pair in hints().equal.get(endpoint.resource, ()) if paths.issuperset(pair)]
    equal = join_pairs(known, equal_pairs(schema.body, own, schema.identity, names))
    query = _query(schema, own, parameters)
    if schema.is_descriptor and not query:  # ODS/API filters descriptors by their members and may not say so
        query = {leaf.name: f"$.{leaf.name}" for leaf in schema.body.leaves}
    return _Draft(replace(schema, equal=equal, query=query), own)


def _filters(endpoint: _Endpoint) -> Iterator[tuple[str, bool]]:
    """Yield (name, marked as identity) of the query parameters written at the operation itself: the filters."""
    for parameter in endpoint.operations.get("get", {}).get("parameters", ()):
        if parameter.get("in") == "query" and parameter["name"] != "id":
            yield parameter["name"], bool(parameter.get(IDENTITY))


def _as_descriptor(schema: ResourceSchema) -> ResourceSchema:
    """A descriptor's natural key is namespace and code value; ODS/API marks its internal number instead."""
    surrogate = f"{schema.name[:1].lower()}{schema.name[1:]}Id"
    leaves = tuple(leaf for leaf in schema.body.leaves if leaf.name != surrogate)
    body = replace(schema.body, leaves=leaves)
    return replace(schema, body=body, identity=("$.namespace", "$.codeValue"), is_descriptor=True)


def _with_identity(
    schema: ResourceSchema,
    endpoint: _Endpoint,
    marked: set[str],
    own: Mapping[str, str],
    parameters: Mapping[str, bool],
) -> ResourceSchema:
    """Set the natural key and mark its references.

    DMS marks references in the body. ODS/API does not: there a required reference belongs to the natural key if all its
    members' columns are filters marked as identity.
    """
    keys = {name for name, is_key in parameters.items() if is_key}

    def is_key(reference: Reference) -> bool:
        if endpoint.marks_references:
            return reference.identity
        held = {own[f"$.{reference.name}.{leaf.name}"] for leaf in reference.leaves}
        return reference.required and bool(held) and held <= keys

    own_leaves = {f"$.{leaf.name}" for leaf in schema.body.leaves} & marked
    references = {reference.name for reference in schema.body.references if is_key(reference)}
    if not own_leaves and not references:
        own_leaves = {f"$.{leaf.name}" for leaf in schema.body.leaves if leaf.required}
        references = {reference.name for reference in schema.body.references if reference.required}
    marked_references = tuple(
        replace(reference, identity=reference.name in references) for reference in schema.body.references
    )
    paths = own_leaves | {path for path in own if path.split(".")[1] in references}
    return replace(schema, body=replace(schema.body, references=marked_references), identity=tuple(sorted(paths)))


def _query(schema: ResourceSchema, own: Mapping[str, str], parameters: Mapping[str, bool]) -> dict[str, str]:
    """Return filter -> path. Of several members with one column that of the natural key is taken.

    After that a reference of a single member, as it is the least likely to be left out; then the last by name.
    """
    single = {f"$.{reference.name}" for reference in schema.body.references if len(reference.leaves) == 1}

    def weight(path: str) -> tuple[bool, bool, str]:
        return path in schema.identity, path.rpartition(".")[0] in single, path

    found = {own[path]: path for path in sorted(own, key=weight)}
    return {name: found[name] for name in parameters if name in found}


def _finished(draft: _Draft, drafts: Mapping[str, _Draft], abstract: Mapping[str, AbstractResource]) -> ResourceSchema:
    """Say which identity path of its target each member of each reference repeats, and name the superclass."""

    def keyed(reference: Reference) -> Reference:
        return replace(reference, keys=key_paths(reference, _target_columns(reference.target, drafts, abstract)))

    schema = replace(draft.schema, body=map_references(draft.schema.body, keyed))
    for superclass in abstract.values():
        if schema.resource in superclass.subclasses:
            renamed = superclass.identity[0] if superclass.identity != schema.identity else ""
            return replace(schema, superclass=superclass.name, superclass_identity=renamed)
    return schema


def _target_columns(
    target: str, drafts: Mapping[str, _Draft], abstract: Mapping[str, AbstractResource]
) -> Mapping[str, str]:
    if target in drafts:
        return drafts[target].key_columns
    superclass = abstract.get(target)
    if superclass is None or not superclass.subclasses:
        return {}
    columns_of_subclass = drafts[superclass.subclasses[0]].columns
    return {path: columns_of_subclass.get(path, path.removeprefix("$.")) for path in superclass.identity}


def _abstract_resources(drafts: Mapping[str, _Draft]) -> dict[str, AbstractResource]:
    """Find the superclasses that have no endpoint: what references point to though no document describes it."""
    wanted: dict[str, Reference] = {}
    for draft in drafts.values():
        for _, reference in walk_references(draft.schema.body):
            if reference.target not in drafts:
                wanted.setdefault(reference.target, reference)
    return {name: _abstract(name, wanted[name], drafts) for name in sorted(wanted)}


def _abstract(name: str, reference: Reference, drafts: Mapping[str, _Draft]) -> AbstractResource:
    """Education organizations rename their superclass's only key member; other subclasses have its natural key."""
    if name == _EDUCATION_ORGANIZATION:
        kinds = tuple(
            sorted(resource for resource, draft in drafts.items() if _is_education_organization(draft.schema))
        )
        return AbstractResource(name, tuple(f"$.{leaf.name}" for leaf in reference.leaves), kinds)
    members = {leaf.name for leaf in reference.leaves}
    same = tuple(sorted(resource for resource, draft in drafts.items() if set(draft.key_columns.values()) == members))
    identity = drafts[same[0]].schema.identity if same else tuple(sorted(f"$.{member}" for member in members))
    return AbstractResource(name, identity, same)


def _is_education_organization(schema: ResourceSchema) -> bool:
    """`School`: its natural key is the number `schoolId` alone, and it has a `nameOfInstitution`."""
    own_id = f"{schema.name[:1].lower()}{schema.name[1:]}Id"
    named = any(leaf.name == "nameOfInstitution" for leaf in schema.body.leaves)
    return named and schema.identity == (f"$.{own_id}",)
