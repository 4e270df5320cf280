"""What an API says about itself at its base URL: where its parts are. Parsing only; others fetch.

DMS serves data below `/data`, ODS/API below `/data/v3`, perhaps with a year or a tenant in the path: nothing of that is
guessed, it stands in the discovery document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from dms_load_test.errors import ConfigError, TargetError

_NEEDED = {
    "oauth": "OAUTH_TOKEN_URL",
    "dataManagementApi": "DATA_URL",
    "dependencies": "DEPENDENCIES_URL",
    "openApiMetadata": "OPENAPI_URLS",
}
"""Member of `urls` -> the setting that can stand in for it."""
_NO_BASE_PATH = re.compile(r"/(data|metadata|oauth|connect)(/.*)?$")
"""What follows the base in a URL that is one of the API's parts."""
_PLACEHOLDER = re.compile(r"\{[^{}/]+\}")
_OTHER_PREFIXES = frozenset({"other", "composites", "profiles"})


@dataclass(frozen=True, slots=True)
class DataModel:
    """One data model that the API implements: `Ed-Fi` `5.2.0`, `TPDM` `1.1.0`."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class TargetUrls:
    """Where the API's parts are: absolute URLs without a trailing slash.

    `openapi_url` is the list of specifications, not a document; it is empty where OPENAPI_URLS takes its place.
    `token_info_url` and `change_queries_url` are empty where the API has none. `version` is the API's, not the data
    model's.
    """

    token_url: str
    data_url: str
    dependencies_url: str
    openapi_url: str
    token_info_url: str = ""
    change_queries_url: str = ""
    data_models: tuple[DataModel, ...] = ()
    version: str = ""


def base_url_candidates(url: str) -> tuple[str, ...]:
    """Return the URLs where the discovery document may be, most likely first, each with a trailing slash.

    `url` may lack or have the slash or the path base `/api`, or may point to a part of the API such as `/data`.

    Raises:
        ConfigError: `url` is no absolute http or https URL.
    """
    wrong = f"API_BASE_URL {url!r} is no URL; write it as http://localhost:8080 or https://host/api"
    try:
        parts = urlsplit(url.strip())
    except ValueError as error:
        raise ConfigError(wrong) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(wrong)
    path = parts.path.rstrip("/")
    base = _NO_BASE_PATH.sub("", path)
    other = base.removesuffix("/api") if base.endswith("/api") else f"{base}/api"
    paths = dict.fromkeys((base, path, other))
    return tuple(urlunsplit((parts.scheme, parts.netloc, f"{candidate}/", "", "")) for candidate in paths)


def parse_discovery(document: Any, base_url: str, *, given: Mapping[str, str] | None = None) -> TargetUrls:
    """Read a discovery document, just decoded.

    `base_url` is where it was found: relative URLs are relative to it. `given` maps settings (`OAUTH_TOKEN_URL`,
    `DATA_URL`, `DEPENDENCIES_URL`, `OPENAPI_URLS`) to what the user gave instead: those win and need not be there.

    Raises:
        TargetError: this is no discovery document, a URL that is needed is missing, or it has a placeholder such as
            `{tenant}`.
    """
    urls = document.get("urls") if isinstance(document, Mapping) else None
    if not isinstance(urls, Mapping):
        raise TargetError(
            f"{base_url} does not answer with a discovery document (it has no member urls); "
            "check API_BASE_URL: it is the address of the API, such as http://localhost:8080, not of its data"
        )
    found = _needed_urls(urls, base_url, given or {})
    return TargetUrls(
        token_url=found["oauth"],
        data_url=found["dataManagementApi"],
        dependencies_url=found["dependencies"],
        openapi_url=found["openApiMetadata"],
        token_info_url=_optional_url(urls, "tokenInfo", base_url),
        change_queries_url=_optional_url(urls, "changeQueries", base_url),
        data_models=_data_models(document.get("dataModels")),
        version=str(document.get("version", "")),
    )


def parse_specifications(specifications: Any, url: str) -> tuple[str, ...]:
    """Return the URLs of the OpenAPI documents of all resources and descriptors; `url` is where the list was found.

    DMS and ODS/API list `Resources` and `Descriptors`, which hold the extensions too. Where these are missing, all
    documents but profiles, composites and others are taken: one per project.

    Raises:
        TargetError: this is no list of specifications, or none of them is about resources.
    """
    if not isinstance(specifications, list):
        raise TargetError(f"{url} is no list of OpenAPI documents; set OPENAPI_URLS to the documents' URLs")
    named: dict[str, str] = {}
    for entry in specifications:
        if isinstance(entry, Mapping) and entry.get("endpointUri"):
            prefix = str(entry.get("prefix") or "").lower()
            if prefix not in _OTHER_PREFIXES:
                named[str(entry.get("name", "")).lower()] = _absolute(entry["endpointUri"], url)
    whole = [named[name] for name in ("resources", "descriptors") if name in named]
    if not named:
        raise TargetError(f"{url} lists no OpenAPI document of resources; set OPENAPI_URLS to the documents' URLs")
    return tuple(whole) if len(whole) == len(("resources", "descriptors")) else tuple(named.values())


def _needed_urls(urls: Mapping[str, Any], base_url: str, given: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for member, setting in _NEEDED.items():
        if given.get(setting):
            found[member] = "" if setting == "OPENAPI_URLS" else given[setting].rstrip("/")
            continue
        if not isinstance(urls.get(member), str) or not urls[member]:
            raise TargetError(f"the discovery document at {base_url} has no urls.{member}; set {setting} instead")
        found[member] = _absolute(urls[member], base_url)
        _refuse_placeholders(found[member], base_url)
    return found


def _refuse_placeholders(url: str, base_url: str) -> None:
    placeholders = _PLACEHOLDER.findall(url)
    if placeholders:
        names = ", ".join(placeholders)
        example = base_url.rstrip("/") + "".join(f"/{name}" for name in placeholders)
        raise TargetError(
            f"the API at {base_url} serves several tenants or contexts: its URLs have {names}; "
            f"set API_BASE_URL to {example} with your values in place of the braces"
        )


def _optional_url(urls: Mapping[str, Any], member: str, base_url: str) -> str:
    url = urls.get(member)
    return _absolute(url, base_url) if isinstance(url, str) and url else ""


def _absolute(url: str, base_url: str) -> str:
    """Resolve against the base as against a folder, so that `data` below `http://host/api` keeps `/api`."""
    return urljoin(base_url.rstrip("/") + "/", url).rstrip("/")


def _data_models(listed: Any) -> tuple[DataModel, ...]:
    models = listed if isinstance(listed, list) else []
    return tuple(
        DataModel(str(model.get("name", "")), str(model.get("version", "")))
        for model in models
        if isinstance(model, Mapping)
    )
