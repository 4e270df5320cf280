"""The parts of OpenAPI documents that are the same for every resource: parameters, responses, security, tokens.

Names and shapes are those of DMS's own documents (OpenAPI 3.0); the wording is ours.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

PAGE_LIMIT = 500
"""Default and maximum of `limit` and `pageSize` in DMS."""
MAX_PARTITIONS = 200
SCHEMAS = "#/components/schemas/"
IDENTITY = "x-Ed-Fi-isIdentity"
"""Marks members, references and filters that are part of a natural key."""


def ref(section: str, name: str) -> Json:
    """Return `{"$ref": "#/components/<section>/<name>"}`."""
    return {"$ref": f"#/components/{section}/{name}"}


def _parameter(name: str, place: str, description: str, **schema: Any) -> Json:
    return {"name": name, "in": place, "description": description, "schema": schema}


ID_SCHEMA: Json = {"type": "string", "format": "uuid"}
"""The id of a document, as DMS writes it."""
PARAMETERS: Json = {
    "offset": _parameter(
        "offset", "query", "How many documents to skip before the page.", type="integer", format="int32", minimum=0
    ),
    "limit": _parameter(
        "limit",
        "query",
        "How many documents a page holds at most.",
        type="integer",
        format="int32",
        minimum=0,
        maximum=PAGE_LIMIT,
        default=PAGE_LIMIT,
    ),
    "totalCount": _parameter(
        "totalCount",
        "query",
        "Whether to count all matching documents into the Total-Count header.",
        type="boolean",
        default=False,
    ),
    "pageToken": _parameter("pageToken", "query", "Where a cursor page begins, from Next-Page-Token.", type="string"),
    "pageSize": _parameter(
        "pageSize",
        "query",
        "How many documents a cursor page holds at most.",
        type="integer",
        format="int32",
        minimum=0,
        maximum=PAGE_LIMIT,
        default=PAGE_LIMIT,
    ),
    "numberOfPartitions": _parameter(
        "number",
        "query",
        "Into how many partitions to divide.",
        type="integer",
        format="int32",
        minimum=1,
        maximum=MAX_PARTITIONS,
        default=10,
    ),
    "MinChangeVersion": _parameter(
        "minChangeVersion", "query", "The oldest change version wanted.", type="integer", format="int64", minimum=0
    ),
    "MaxChangeVersion": _parameter(
        "maxChangeVersion", "query", "The newest change version wanted.", type="integer", format="int64", minimum=0
    ),
    "If-Match": _parameter("If-Match", "header", "Act only on the version with this ETag.", type="string"),
    "If-None-Match": _parameter("If-None-Match", "header", "Answer 304 if this ETag is current.", type="string"),
    "id": _parameter("id", "path", "The id that the server gave to the document.", **ID_SCHEMA) | {"required": True},
}


def _problem(description: str) -> Json:
    """DMS serves most problems as plain JSON, some as what they are."""
    media = ("application/json", "application/problem+json")
    return {"description": description, "content": {name: {"schema": {"type": "object"}} for name in media}}


RESPONSES: Json = {
    "Created": {
        "description": "Created; Location tells where.",
        "headers": {
            "Location": {"description": "URL of the document.", "schema": {"type": "string"}},
            "ETag": {"description": "Version of the document.", "schema": {"type": "string"}},
        },
    },
    "Updated": {"description": "Done; nothing more to say."},
    "NotModified": {"description": "The version in If-None-Match is current."},
    "BadRequest": _problem("The request or its document breaks a rule; every violation is listed."),
    "Unauthorized": _problem("No valid token."),
    "Forbidden": _problem("The token's claim set does not allow this."),
    "NotFound": {"description": "No such resource or document."},
    "MethodNotAllowed": _problem("The method is not available here."),
    "Conflict": _problem("A referenced document is missing, or this one is still referenced."),
    "PreconditionFailed": _problem("The document has changed since the version in If-Match."),
    "PayloadTooLarge": _problem("The body is too large."),
    "UnsupportedMediaType": _problem("The body is not JSON."),
    "Error": _problem("The server failed."),
    "NotImplemented": {"description": "Not available on this server."},
}

PARTITION_TOKENS: Json = {
    "type": "object",
    "properties": {"pageTokens": {"type": "array", "items": {"type": "string"}}},
    "required": ["pageTokens"],
}


def security_schemes(token_url: str) -> Json:
    """Return the one security scheme: client credentials against `token_url`."""
    return {
        "oauth2_client_credentials": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}},
        }
    }


def other_specification(path: str, server_url: str, token_url: str) -> Json:
    """Return the document of one GET outside the resources: discovery, or the available change versions."""
    answer = {"description": "The document.", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "openapi": "3.0.1",
        "info": {"title": "Ed-Fi API", "version": "1", "description": f"GET {path}"},
        "servers": [{"url": server_url}],
        "paths": {path: {"get": {"operationId": "get", "responses": {"200": answer}}}},
        "components": {"securitySchemes": security_schemes(token_url)},
    }
