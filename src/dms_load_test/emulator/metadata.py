"""What the API says about itself: discovery, metadata lists, OpenAPI, dependencies. Pure, but for the cost of OpenAPI.

`base` is the URL under which the client reached the API, without a slash in the end: `http://127.0.0.1:8080/api`.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test import __version__
from dms_load_test.edfi.load_order import write_graphml
from dms_load_test.edfi.openapi_components import other_specification
from dms_load_test.edfi.openapi_ods import as_ods
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import path_of
from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.edfi.standard import DataStandard
    from dms_load_test.emulator.flavors import Flavor
    from dms_load_test.emulator.standards import Emulated

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


def discovery(standard: DataStandard, flavor: Flavor, base: str) -> dict[str, object]:
    """Return the document at the API's root."""
    about: dict[str, object] = {
        "version": flavor.api_version,
        "informationalVersion": f"DMS Load Test emulator {__version__}",
    }
    if flavor.name == "dms":
        about = {"version": flavor.api_version, "applicationName": "Ed-Fi API", **about}
    else:
        about |= {"suite": "3", "build": f"{flavor.api_version}.0.0", "apiMode": "Sandbox"}
    model = {
        "name": standard.name,
        "version": standard.version,
        "informationalVersion": f"The Ed-Fi Data Standard v{standard.version}",
    }
    return {**about, "dataModels": [model], "urls": _urls(flavor, base)}


def _urls(flavor: Flavor, base: str) -> dict[str, str]:
    if flavor.name == "ods":
        return {
            "dependencies": f"{base}/metadata/data/v3/dependencies",
            "openApiMetadata": f"{base}/metadata",
            "oauth": f"{base}/oauth/token",
            "dataManagementApi": f"{base}{flavor.data_path}/",
            "xsdMetadata": f"{base}/metadata/xsd",
            "changeQueries": f"{base}/changeQueries/v1/",
        }
    return {
        "dependencies": f"{base}/metadata/dependencies",
        "openApiMetadata": f"{base}/metadata/specifications",
        "oauth": f"{base}/oauth/token",
        "tokenInfo": f"{base}/oauth/token_info",
        "dataManagementApi": f"{base}{flavor.data_path}",
        "changeQueries": f"{base}/changeQueries/v1/",
        "xsdMetadata": f"{base}/metadata/xsd",
    }


def metadata_list(base: str) -> dict[str, str]:
    """Return the document at `/metadata` of DMS."""
    return {
        "dependencies": f"{base}/metadata/dependencies",
        "specifications": f"{base}/metadata/specifications",
        "xsdMetadata": f"{base}/metadata/xsd",
    }


def xsd_sections(standard: DataStandard, base: str) -> list[dict[str, str]]:
    """Return the list of XML schemas: that of the core, of which the emulator has no files."""
    return [
        {
            "description": f"Core schema ({standard.name}) files for the data model",
            "name": standard.name.lower(),
            "version": standard.version,
            "files": f"{base}/metadata/xsd/{standard.name.lower()}/files",
        }
    ]


def specifications(flavor: Flavor, base: str) -> list[dict[str, str]]:
    """Return the list of OpenAPI documents."""
    if flavor.name == "ods":
        at = f"{base}/metadata/data/v3"
        return [
            {"name": "Resources", "endpointUri": f"{at}/resources/swagger.json", "prefix": ""},
            {"name": "Descriptors", "endpointUri": f"{at}/descriptors/swagger.json", "prefix": ""},
        ]
    at = f"{base}/metadata/specifications"
    return [
        {"name": "Resources", "endpointUri": f"{at}/resources-spec.json", "prefix": ""},
        {"name": "Descriptors", "endpointUri": f"{at}/descriptors-spec.json", "prefix": ""},
        {"name": "Discovery", "endpointUri": f"{at}/discovery-spec.json", "prefix": "Other"},
        {"name": "Change-Queries", "endpointUri": f"{base}/metadata/changequeries/v1/swagger.json", "prefix": "Other"},
    ]


class MetadataTexts:
    """The large documents, written once and kept as bytes."""

    def __init__(self, emulated: Emulated, flavor: Flavor) -> None:
        self._model: ApiModel = emulated.standard.model
        self._version = emulated.standard.version
        self._flavor = flavor
        self.dependencies = msgspec.json.encode(_listed(emulated, flavor))
        self._openapi = lru_cache(maxsize=_BASES_KEPT)(self._write_openapi)

    def openapi(self, section: str, base: str) -> bytes | None:
        """Return the OpenAPI document of a section: `resources`, `descriptors`, ..., else `None`."""
        return self._openapi(base).get(section)

    @cached_property
    def graphml(self) -> bytes | None:
        """The load order as a graph; `None` where required references form a cycle."""
        try:
            return write_graphml(self._model).encode()
        except TargetError:
            return None

    def _write_openapi(self, base: str) -> dict[str, bytes]:
        token_url = f"{base}/oauth/token"
        resources, descriptors = write_openapi(
            self._model, data_url=f"{base}{self._flavor.data_path}", token_url=token_url, version=self._version
        )
        if self._flavor.name == "ods":
            resources, descriptors = as_ods(resources), as_ods(descriptors)
        documents = {
            "resources": resources,
            "descriptors": descriptors,
            "discovery": other_specification("/", f"{base}", token_url),
            "changequeries": other_specification("/availableChangeVersions", f"{base}/changeQueries/v1", token_url),
        }
        return {section: msgspec.json.encode(document) for section, document in documents.items()}


def _listed(emulated: Emulated, flavor: Flavor) -> list[Any]:
    """Return the load order; ODS/API lists school years, too."""
    entries = list(emulated.dependencies)
    years = path_of("schoolYearTypes")
    known = {entry["resource"] for entry in entries}
    if flavor.name == "ods" and "schoolYearTypes" in emulated.standard.model.resources and years not in known:
        entries.insert(0, {"resource": years, "order": 1, "operations": ["Create", "Update"]})
    return entries
