"""Swagger 2.0, which ODS/API served before version 7, rewritten as the parts of OpenAPI 3 that the reader looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.openapi_components import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFINITIONS = "#/definitions/"


def as_openapi3(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with `components.schemas` and request bodies where OpenAPI 3 has them."""
    paths = {
        path: {method: _operation(about) if isinstance(about, dict) else about for method, about in operations.items()}
        for path, operations in document.get("paths", {}).items()
    }
    return {
        "openapi": "3.0.0",
        "paths": _moved(paths),
        "components": {"schemas": _moved(document.get("definitions", {}))},
    }


def _operation(about: Mapping[str, Any]) -> dict[str, Any]:
    parameters = about.get("parameters", [])
    bodies = [parameter for parameter in parameters if parameter.get("in") == "body"]
    others = [parameter for parameter in parameters if parameter.get("in") != "body"]
    written = {**about, "parameters": others}
    if bodies:
        written["requestBody"] = {"content": {"application/json": {"schema": bodies[0].get("schema", {})}}}
    return written


def _moved(node: Any) -> Any:
    """Return `node` with every pointer to a definition pointing to a component."""
    if isinstance(node, dict):
        return {name: _moved(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_moved(value) for value in node]
    if isinstance(node, str) and node.startswith(_DEFINITIONS):
        return SCHEMAS + node.removeprefix(_DEFINITIONS)
    return node
