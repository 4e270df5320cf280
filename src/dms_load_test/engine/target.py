"""Everything about a target from its base URL: discovery, token, OpenAPI documents, dependencies, descriptor values.

What is wrong with a target is a `TargetError` that says where and what to do. The order for a caller: `discover`, make
the `SharedAuthManager`, `sign_in`, `read_metadata`, `read_descriptor_values`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.dependencies import parse_dependencies
from dms_load_test.edfi.discovery import base_url_candidates, parse_discovery, parse_specifications
from dms_load_test.edfi.openapi import read_openapi
from dms_load_test.edfi.schema import path_of, walk_leaves
from dms_load_test.engine.address import split_url
from dms_load_test.engine.answer import Answer, Labels, sample_of
from dms_load_test.engine.auth import TokenError
from dms_load_test.engine.problems import reason_of
from dms_load_test.engine.proxy import ADVICE as PROXY_ADVICE
from dms_load_test.engine.transport import request_bytes
from dms_load_test.errors import TargetError, first_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dms_load_test.edfi.dependencies import DependencyEntry
    from dms_load_test.edfi.discovery import TargetUrls
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.engine.api import ApiTarget, EdFiApi
    from dms_load_test.engine.auth import SharedAuthManager
    from dms_load_test.engine.transport import Client
    from dms_load_test.sample import Sample

PAGE_SIZE = 100
MOST_VALUES = 20_000
"""Of one descriptor: thirty times the longest list of the data standard. A server could give pages for ever."""
_READERS = 4
"""Connections that read descriptors at the same time: quick where the target is far, and no load test of its own."""
_OK = 200
_FORBIDDEN = 403
_NO_TOKEN, _TOO_MANY, _SERVER_ERROR = 401, 429, 500
_UNAUTHORIZED = frozenset({400, 401, 403})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ADVICE = {
    "connect": "start the API, or correct API_BASE_URL",
    "tls": "set CA_BUNDLE to the PEM file of the authority, or INSECURE=true for a test system",
    "timeout": "see whether the API is up, or raise CONNECT_TIMEOUT and REQUEST_TIMEOUT",
    "reset": "see whether the API is up, and whether it is https there",
    "protocol": "see whether an HTTP/1.1 server listens there, and whether it is https",
}


_GATEWAY_ADVICE = "what answers there may be a gateway that wants a key of its own: ask who runs it for a way without"
_BUSY_ADVICE = "the server limits requests: try again later, or ask who runs it to raise the limit"
_FAILING_ADVICE = "the server is there, but does not serve the API: start what it waits for, or ask who runs it"


_NO_TLS = "wrong version number"
"""What OpenSSL calls an answer that is no TLS."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where the API was found, with a slash at the end, and its parts."""

    base_url: str
    urls: TargetUrls


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the API says about its resources, and the order it wants them in."""

    model: ApiModel
    dependencies: tuple[DependencyEntry, ...]


class MetadataReader:
    """Reads documents of a target without a token; `emit` takes the requests' samples, labelled with `phase`."""

    def __init__(self, client: Client, emit: Callable[[Sample], None], phase: str = "") -> None:
        self._client = client
        self._emit = emit
        self._labels = Labels(phase, "metadata", "")

    async def discover(self, url: str, given: Mapping[str, str] | None = None) -> Discovery:
        """Find the discovery document at or near `url`; `given` as for `edfi.discovery.parse_discovery`.

        Raises:
            ConfigError: `url` is no URL.
            TargetError: No Ed-Fi API answers there; or it does not say where its parts are.
        """
        tried: list[str] = []
        advice = ""
        for candidate in base_url_candidates(url):
            answer = await self.ask(candidate)
            document = _json(answer)
            if isinstance(document, dict) and "urls" in document:
                urls = parse_discovery(document, candidate, given=given)
                return Discovery(candidate, kept_secret(candidate, urls, given or {}))
            tried.append(f"{candidate} {_came(answer)}")
            advice = advice or _discovery_advice(answer.status)
        origin, _ = split_url(url)
        proxy = self._client.options.proxies.of(origin)
        advice = advice or "set API_BASE_URL to where the discovery document is"
        if proxy is not None and origin.scheme == "http":  # else it gives a way, and what answers is the target
            advice = f"the proxy {proxy.origin} may have answered: {PROXY_ADVICE}; or {advice}"
        raise TargetError(f"no Ed-Fi API is at {url} ({'; '.join(tried)}); {advice}")

    async def read_metadata(self, urls: TargetUrls, openapi_urls: Sequence[str] = ()) -> Metadata:
        """Read the OpenAPI documents (those given, or those the API lists) and the dependencies.

        Raises:
            TargetError: A document is missing or not what it should be.
        """
        wanted = tuple(openapi_urls) or parse_specifications(
            await self.document(urls.openapi_url, "OPENAPI_URLS"), urls.openapi_url
        )
        documents = [await self.document(url, "OPENAPI_URLS") for url in wanted]
        listed = await self.document(urls.dependencies_url, "DEPENDENCIES_URL")
        return Metadata(read_openapi(documents), parse_dependencies(listed))

    async def document(self, url: str, setting: str) -> Any:
        """Read a JSON document; `setting` is what could name another place.

        Raises:
            TargetError: There is none.
        """
        answer = await self.ask(url)
        document = _json(answer)
        if document is None:
            raise TargetError(f"{url} {_came(answer)} instead of a JSON document; check the API or set {setting}")
        return document

    async def ask(self, url: str) -> Answer:
        """GET any URL; the answer may be any, too.

        Raises:
            TargetError: There is none.
        """
        origin, request = request_bytes("GET", url, {})
        channel = self._client.channel(origin)
        connection = await channel.send(request, safe=True)
        channel.close()
        answer = Answer(connection, self._client.options.max_answer_bytes, ok=False)
        answer.ok = answer.status == _OK
        self._emit(sample_of(connection, self._labels, ok=answer.ok))
        if answer.error:
            advice = _ADVICE.get(answer.error, "try again")
            if answer.error == "connect" and self._client.options.proxies.of(origin):
                advice = PROXY_ADVICE
            elif _NO_TLS in connection.reason:
                advice = "the server there speaks no TLS: write http:// in API_BASE_URL, or name the port that is https"
            raise TargetError(f"no answer from {url}: {connection.reason}; {advice}")
        return answer


def kept_secret(base_url: str, urls: TargetUrls, given: Mapping[str, str]) -> TargetUrls:
    """Return the URLs that secret and token may be sent to: where the API itself is asked by TLS, none without it.

    Raises:
        TargetError: The discovery document names such a one that is needed, and the user did not say so.
    """
    if _is_clear(base_url):
        return urls
    told = {"OAUTH_TOKEN_URL": urls.token_url, "DATA_URL": urls.data_url}
    for setting, url in told.items():
        if _is_clear(url) and not given.get(setting):
            raise TargetError(
                f"{base_url} is https, but its discovery document sends credentials to {url} without TLS; correct the "
                f"API's own address, or set {setting} to the address that is right"
            )
    return replace(
        urls,
        token_info_url="" if _is_clear(urls.token_info_url) else urls.token_info_url,
        change_queries_url="" if _is_clear(urls.change_queries_url) else urls.change_queries_url,
    )


def _is_clear(url: str) -> bool:
    """Whether a URL is without TLS, however its scheme is spelled."""
    return url.lower().startswith("http:")


async def sign_in(auth: SharedAuthManager) -> bytes:
    """Get a token; return its header line.

    Raises:
        TargetError: The token endpoint gives none.
    """
    try:
        return await auth.wait()
    except TokenError as error:
        advice = "check OAUTH_TOKEN_URL and whether the identity provider is up"
        advice += "" if error.status else ", or raise REQUEST_TIMEOUT if it is slow"
        if error.status in _UNAUTHORIZED:
            advice = "check CLIENT_ID and CLIENT_SECRET, and OAUTH_TOKEN_URL if you set it"
        status = f"{error.status} " if error.status else ""
        raise TargetError(f"no token from {auth.token_url}: {status}{error}; {advice}") from None


def used_descriptors(model: ApiModel, resources: Iterable[str]) -> frozenset[str]:
    """Return the names of the descriptors (`SexDescriptor`) whose values documents of `resources` may have."""
    leaves = (leaf for resource in resources for _, leaf in walk_leaves(model.resources[resource].body))
    return frozenset(leaf.descriptor for leaf in leaves if leaf.descriptor) & model.descriptors.keys()


async def read_descriptor_values(
    target: ApiTarget, model: ApiModel, descriptors: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Read the target's values of `descriptors`, page by page: `SexDescriptor` -> full URIs in the target's spelling.

    Raises:
        TargetError: The client may not read some descriptors, all of which are named, or the target fails.
    """
    names = sorted(descriptors)
    values: dict[str, tuple[str, ...]] = {}
    refused: dict[str, str] = {}
    left = iter(names)
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(_READERS, len(names))):
                tasks.create_task(_read_some(target.user(), model, left, values, refused))
    except BaseExceptionGroup as raised:
        raise first_of(raised) from None
    if refused:
        told = ", ".join(sorted(refused))
        raise TargetError(
            f"{len(refused)} of {len(names)} descriptors may not be read: {told}; {min(refused.values())}"
        )
    return {name: values[name] for name in names}


async def _read_some(
    api: EdFiApi, model: ApiModel, left: Iterator[str], values: dict[str, tuple[str, ...]], refused: dict[str, str]
) -> None:
    try:
        for name in left:
            try:
                values[name] = await _read_values(api, model.descriptors[name])
            except _RefusedError as error:
                refused[name] = str(error)
    finally:
        api.close()


class _RefusedError(Exception):
    """The client may not read a descriptor."""


async def _read_values(api: EdFiApi, resource: str) -> tuple[str, ...]:
    found: list[str] = []
    while True:
        answer = await api.query(resource, {"offset": len(found), "limit": PAGE_SIZE})
        page = _values(_json(answer))
        if page is None:
            kind = _RefusedError if answer.status == _FORBIDDEN else TargetError
            raise kind(f"GET {path_of(resource)} {_came(answer)}; {_values_advice(answer)}")
        found += page
        if len(page) < PAGE_SIZE:
            return tuple(found)
        if len(found) >= MOST_VALUES:
            raise TargetError(f"GET {path_of(resource)} gives page after page; see whether the API heeds offset")


def _values(page: Any) -> list[str] | None:
    """Return a page's descriptor values, None where it is no list of descriptors."""
    try:
        return [f"{item['namespace']}#{item['codeValue']}" for item in page] if isinstance(page, list) else None
    except (KeyError, TypeError):
        return None


def _values_advice(answer: Answer) -> str:
    if answer.status == _FORBIDDEN:
        return "the client's claim set must allow reading all descriptors and writing all resources of the test"
    if answer.status == _NO_TOKEN:
        return "the API refuses the token that it was given: see whether OAUTH_TOKEN_URL is of the same installation"
    if answer.status == _TOO_MANY:
        wait = answer.headers.get("retry-after", "")
        return f"{_BUSY_ADVICE}{f' (Retry-After: {wait})' if wait else ''}"
    if answer.status >= _SERVER_ERROR:
        return "see the API's log: the load test needs the target's descriptor values"
    return _ADVICE.get(answer.error) or "the load test needs the target's descriptor values"


def _discovery_advice(status: int) -> str:
    """Return what to do where a server answers a request without credentials like that; empty for any other place."""
    if status >= _SERVER_ERROR:
        return _FAILING_ADVICE
    if status == _TOO_MANY:
        return _BUSY_ADVICE
    return _GATEWAY_ADVICE if status in {_NO_TOKEN, _FORBIDDEN} else ""


def _json(answer: Answer) -> Any:
    """Return the decoded body of a good answer, else None."""
    try:
        return answer.json() if answer.ok else None
    except ValueError:
        return None


def _came(answer: Answer) -> str:
    """Say what came back: `answers 404 (not-found: ...)`."""
    if answer.error:
        return f"gives no answer ({answer.error})"
    if answer.status in _REDIRECTS:
        return f"answers {answer.status} to {answer.headers.get('location', 'nowhere')}"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.ok:
        return f"answers something else{f' ({kind})' if kind else ''}"
    if kind == "text/html":  # a page of a gateway's tells nothing in its first words
        return f"answers {answer.status} ({kind})"
    try:
        body = answer.body
    except ValueError:
        body = b""
    return f"answers {answer.status}{f' ({reason_of(answer.status, body)[:80]})' if body else ''}"
