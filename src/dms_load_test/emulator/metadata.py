"""What the API says about itself: discovery, metadata lists, OpenAPI, dependencies. Pure, but for the cost of OpenAPI.

`base` is the URL under which the client reached the API, without a slash in the end: `http://127.0.0.1:8080/api`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from dms_load_test import __version__
from dms_load_test.edfi.dependencies import write_dependencies
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import path_of

if TYPE_CHECKING:
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.edfi.standard import DataStandard

_API_VERSION = "8.0.0"
_BASES_KEPT = 4

HEALTH = {
    "Status": "Healthy",
    "Results": [
        {
            "Name": "ApplicationHealthCheck",
            "Status": "Healthy",
            "Description": "Application is up and running",
        },
        {"Name": "DbHealthCheck", "Status": "Healthy", "Description": "Database connection is healthy."},
    ],
}


def discovery(standard: DataStandard, base: str) -> dict[str, object]:
    """Return the document at the API's root."""
    return {
        "version": _API_VERSION,
        "applicationName": "Ed-Fi API",
        "informationalVersion": f"DMS Load Test emulator {__version__}",
        "dataModels": [
            {
                "name": standard.name,
                "version": standard.version,
                "informationalVersion": f"The Ed-Fi Data Standard v{standard.version}",
            }
        ],
        "urls": {
            "dependencies": f"{base}/metadata/dependencies",
            "openApiMetadata": f"{base}/metadata/specifications",
            "oauth": f"{base}/oauth/token",
            "tokenInfo": f"{base}/oauth/token_info",
            "dataManagementApi": f"{base}/data",
            "changeQueries": f"{base}/changeQueries/v1/",
            "xsdMetadata": f"{base}/metadata/xsd",
        },
    }


def token_info(model: ApiModel, key: str) -> dict[str, object]:
    """Return what a token may do: everything."""
    operations = ("Create", "Read", "Update", "Delete", "ReadChanges")
    return {
        "active": True,
        "client_id": key,
        "namespace_prefixes": ["uri://ed-fi.org"],
        "education_organizations": [],
        "assigned_profiles": [],
        "claim_set": {"name": "EdFiSandbox"},
        "resources": [{"resource": path_of(name), "operations": operations} for name in model.resources],
        "services": [],
    }


def metadata_list(base: str) -> dict[str, str]:
    """Return the document at `/metadata`."""
    return {
        "dependencies": f"{base}/metadata/dependencies",
        "specifications": f"{base}/metadata/specifications",
        "xsdMetadata": f"{base}/metadata/xsd",
    }


def specifications(base: str) -> list[dict[str, str]]:
    """Return the list of OpenAPI documents."""
    at = f"{base}/metadata/specifications"
    return [
        {"name": "Resources", "endpointUri": f"{at}/resources-spec.json", "prefix": ""},
        {"name": "Descriptors", "endpointUri": f"{at}/descriptors-spec.json", "prefix": ""},
    ]


class MetadataTexts:
    """The large documents, written once and kept as bytes."""

    def __init__(self, standard: DataStandard) -> None:
        self._model: ApiModel = standard.model
        self._version = standard.version
        self.dependencies = msgspec.json.encode(write_dependencies(standard.model))
        self._openapi = lru_cache(maxsize=_BASES_KEPT)(self._write_openapi)

    def openapi(self, section: str, base: str) -> bytes | None:
        """Return the OpenAPI document of `resources-spec.json` or `descriptors-spec.json`, else `None`."""
        position = {"resources-spec.json": 0, "descriptors-spec.json": 1}.get(section)
        return None if position is None else self._openapi(base)[position]

    def _write_openapi(self, base: str) -> tuple[bytes, bytes]:
        resources, descriptors = write_openapi(
            self._model, data_url=f"{base}/data", token_url=f"{base}/oauth/token", version=self._version
        )
        return msgspec.json.encode(resources), msgspec.json.encode(descriptors)
