"""`ApiModel` -> the two OpenAPI 3.0 documents that DMS serves for it: resources and descriptors. Pure.

The opposite of `openapi.read_openapi`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.edfi.openapi_components import (
    ID_SCHEMA,
    IDENTITY,
    PARAMETERS,
    PARTITION_TOKENS,
    RESPONSES,
    SCHEMAS,
    Json,
    ref,
    security_schemes,
)
from dms_load_test.edfi.openapi_schemas import capital, leaf_schema, project_name, resource_schemas, schema_name
from dms_load_test.edfi.schema import path_of, walk_leaves, walk_references

if TYPE_CHECKING:
    from dms_load_test.edfi.schema import ApiModel, ResourceSchema

OPENAPI_VERSION = "3.0.1"
_DESCRIPTION = "Resources of an Ed-Fi API: create or update, read, query, delete, and what changed."
_FAILURES = {
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "500": "Error",
}
_WRITE_FAILURES = _FAILURES | {
    "405": "MethodNotAllowed",
    "409": "Conflict",
    "412": "PreconditionFailed",
    "413": "PayloadTooLarge",
    "415": "UnsupportedMediaType",
}


def write_openapi(model: ApiModel, *, data_url: str, token_url: str, version: str) -> tuple[Json, Json]:
    """Return the (resources, descriptors) documents; `data_url` is what paths such as `/ed-fi/students` follow."""

    def document(schemas: list[ResourceSchema]) -> Json:
        paths: Json = {}
        components: Json = {"partitionTokens": PARTITION_TOKENS}
        for schema in schemas:
            paths |= _paths(schema)
            components |= resource_schemas(model, schema)
        return {
            "openapi": OPENAPI_VERSION,
            "info": {"title": "Ed-Fi API", "version": version, "description": _DESCRIPTION},
            "servers": [{"url": data_url.rstrip("/")}],
            "security": [{"oauth2_client_credentials": []}],
            "tags": [{"name": schema.resource} for schema in schemas],
            "paths": paths,
            "components": {
                "parameters": PARAMETERS,
                "responses": RESPONSES,
                "schemas": components,
                "securitySchemes": security_schemes(token_url),
            },
        }

    resources = [schema for schema in model.resources.values() if not schema.is_descriptor]
    descriptors = [schema for schema in model.resources.values() if schema.is_descriptor]
    return document(resources), document(descriptors)


def _paths(schema: ResourceSchema) -> Json:
    path = path_of(schema.resource)
    plural = _operation_suffix(schema)
    filters = _filters(schema)
    name = schema_name(schema.resource, schema.name)
    return {
        path: {"get": _query(schema, plural, name, filters), "post": _create(schema, plural, name)},
        f"{path}/{{id}}": {
            "get": _read(schema, plural, name),
            "put": _update(schema, plural, name),
            "delete": _delete(schema, plural),
        },
        f"{path}/deletes": {"get": _changes(schema, f"deletes{plural}", f"{name}_TrackedChangeDelete")},
        f"{path}/keyChanges": {"get": _changes(schema, f"keyChanges{plural}", f"{name}_TrackedChangeKeyChange")},
        f"{path}/partitions": {"get": _partitions(schema, plural, filters)},
    }


def _operation_suffix(schema: ResourceSchema) -> str:
    """`students` -> `Students`; with the project where another project could have the same endpoint."""
    prefix, _, endpoint = schema.resource.rpartition("/")
    return (project_name(schema.resource) if prefix else "") + capital(endpoint)


def _filters(schema: ResourceSchema) -> list[Json]:
    """Return the query parameters: `id`, then one per filter.

    As in DMS, a filter is marked as identity where its member is one wherever it stands: every member of a reference
    except the year of a school year reference.
    """
    leaves = dict(walk_leaves(schema.body))
    keys = set(schema.identity)
    for path, reference in walk_references(schema.body):
        if reference.target != "schoolYearTypes":
            keys |= {f"{path}.{leaf.name}" for leaf in reference.leaves}
    written: list[Json] = [_filter("id", ID_SCHEMA, identity=False)]
    for name, path in schema.query.items():
        facts = leaf_schema(leaves[path], identity=True)
        facts = {word: facts[word] for word in ("type", "format", "maxLength") if word in facts}
        written.append(_filter(name, facts, identity=path in keys))
    return written


def _filter(name: str, facts: Json, *, identity: bool) -> Json:
    written: Json = {"name": name, "in": "query", "description": f"Only documents with this {name}.", "schema": facts}
    return written | ({IDENTITY: True} if identity else {})


def _parameters(*names: str) -> list[Json]:
    return [ref("parameters", name) for name in names]


def _responses(successes: dict[str, Json], failures: dict[str, str]) -> Json:
    answers = successes | {code: ref("responses", name) for code, name in failures.items()}
    return dict(sorted(answers.items()))


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _body(schema: ResourceSchema, name: str) -> Json:
    return {
        "required": True,
        "description": f"The {schema.name} document.",
        "content": _content({"$ref": SCHEMAS + name}),
        "x-bodyName": schema.name,
    }


def _operation(schema: ResourceSchema, operation_id: str, summary: str, **rest: object) -> Json:
    return {"operationId": operation_id, "summary": summary, "tags": [schema.resource], **rest}


def _query(schema: ResourceSchema, plural: str, name: str, filters: list[Json]) -> Json:
    page = {
        "description": "The documents found.",
        "headers": {
            "Total-Count": {
                "description": "Count of all matching documents, if asked for.",
                "schema": {"type": "integer"},
            },
            "Next-Page-Token": {
                "description": "Token of the next cursor page, if there may be one.",
                "schema": {"type": "string"},
            },
        },
        "content": _content({"type": "array", "items": {"$ref": SCHEMAS + name}}),
    }
    first = _parameters("offset", "limit", "MinChangeVersion", "MaxChangeVersion", "totalCount")
    return _operation(
        schema,
        f"get{plural}",
        "Find documents by their values.",
        parameters=first + filters + _parameters("pageToken", "pageSize"),
        responses=_responses({"200": page, "304": ref("responses", "NotModified")}, _FAILURES),
    )


def _create(schema: ResourceSchema, plural: str, name: str) -> Json:
    return _operation(
        schema,
        f"post{plural}",
        "Create a document, or replace the one with its natural key.",
        requestBody=_body(schema, name),
        responses=_responses({"200": ref("responses", "Updated"), "201": ref("responses", "Created")}, _WRITE_FAILURES),
    )


def _read(schema: ResourceSchema, plural: str, name: str) -> Json:
    found = {"description": "The document.", "content": _content({"$ref": SCHEMAS + name})}
    return _operation(
        schema,
        f"get{plural}ById",
        "Read the document with this id.",
        parameters=_parameters("id", "If-None-Match"),
        responses=_responses({"200": found, "304": ref("responses", "NotModified")}, _FAILURES),
    )


def _update(schema: ResourceSchema, plural: str, name: str) -> Json:
    mark = {"x-Ed-Fi-isUpdatable": True} if schema.allow_identity_updates else {}
    return _operation(
        schema,
        f"put{plural}",
        "Replace the document with this id.",
        parameters=_parameters("id", "If-Match"),
        requestBody=_body(schema, name),
        responses=_responses({"204": ref("responses", "Updated")}, _WRITE_FAILURES),
        **mark,
    )


def _delete(schema: ResourceSchema, plural: str) -> Json:
    failures = {code: name for code, name in _WRITE_FAILURES.items() if code not in ("413", "415")}
    return _operation(
        schema,
        f"delete{plural}ById",
        "Delete the document with this id.",
        parameters=_parameters("id", "If-Match"),
        responses=_responses({"204": ref("responses", "Updated")}, failures),
    )


def _changes(schema: ResourceSchema, operation_id: str, component: str) -> Json:
    page = {
        "description": "The changes found.",
        "content": _content({"type": "array", "items": {"$ref": SCHEMAS + component}}),
    }
    return _operation(
        schema,
        operation_id,
        "List what was deleted, or whose natural key changed, between change versions.",
        parameters=_parameters("MinChangeVersion", "MaxChangeVersion", "limit", "offset", "totalCount"),
        responses=_responses({"200": page}, _FAILURES),
    )


def _partitions(schema: ResourceSchema, plural: str, filters: list[Json]) -> Json:
    tokens = {"description": "The tokens.", "content": _content({"$ref": f"{SCHEMAS}partitionTokens"})}
    return _operation(
        schema,
        f"get{plural}Partitions",
        "Get page tokens that divide the documents for parallel reading.",
        parameters=_parameters("numberOfPartitions", "MinChangeVersion", "MaxChangeVersion") + filters,
        responses=_responses({"200": tokens, "501": ref("responses", "NotImplemented")}, _FAILURES),
    )
