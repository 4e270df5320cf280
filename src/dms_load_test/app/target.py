"""A target made ready: found, signed in to, and read, or the embedded standard in place of one."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dms_load_test.app.credentials import require_credentials
from dms_load_test.app.data import chosen_resources, data_options
from dms_load_test.edfi.dependencies import DependencyGraph, parse_dependencies, write_dependencies
from dms_load_test.edfi.standard import load_standard
from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.permissions import read_rights
from dms_load_test.engine.proxy import proxies_of
from dms_load_test.engine.target import MetadataReader, read_descriptor_values, sign_in, used_descriptors
from dms_load_test.engine.transport import Client
from dms_load_test.errors import TargetError
from dms_load_test.generators import DistrictSizes, build_documents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

    from dms_load_test.config import Settings
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.engine.auth import TokenSource
    from dms_load_test.engine.target import Discovery
    from dms_load_test.generators import Documents
    from dms_load_test.sample import Failure, Sample

PREFLIGHT = "preflight"
"""The phase that requests before the first scenario count for."""
_GIVEN_URLS = ("oauth_token_url", "data_url", "dependencies_url")


@dataclass(frozen=True, slots=True)
class Reports:
    """Who is told of each sample and of each failure."""

    sample: Callable[[Sample], None]
    failure: Callable[[Failure], None]


UNHEARD = Reports(sample=lambda _: None, failure=lambda _: None)
"""For requests that are no part of a run."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target that is known and may be used. `descriptor_values` are those that a run's documents need."""

    discovery: Discovery
    auth: TokenSource
    model: ApiModel
    graph: DependencyGraph
    descriptor_values: Mapping[str, Sequence[str]]

    def api(self, client: Client, policy: PhasePolicy) -> ApiTarget:
        """Return the API as the virtual users of one phase share it."""
        return ApiTarget(client, self.auth, self.discovery.base_url, self.discovery.urls.data_url, policy)

    def preflight_api(self, client: Client, reports: Reports = UNHEARD) -> ApiTarget:
        """Return the API for requests before, after and beside a run."""
        return self.api(client, PhasePolicy(phase=PREFLIGHT, emit=reports.sample, on_failure=reports.failure))

    @property
    def data_standard(self) -> str:
        """`Ed-Fi 5.2.0, TPDM 1.1.0`."""
        return ", ".join(f"{model.name} {model.version}" for model in self.discovery.urls.data_models)


def transport_options(settings: Settings) -> TransportOptions:
    """Return how the settings want a target to be reached."""
    return TransportOptions(
        connect_timeout_s=settings.connect_timeout,
        request_timeout_s=settings.request_timeout,
        insecure=settings.insecure,
        ca_bundle=settings.ca_bundle,
        client_certificate=settings.client_certificate,
        client_key=settings.client_key,
        proxies=proxies_of(os.environ),
    )


@contextmanager
def open_client(settings: Settings) -> Iterator[Client]:
    """Give an HTTP client as the settings want it; its connections end with the context. Call it in the loop."""
    client = Client(transport_options(settings))
    try:
        yield client
    finally:
        client.close()


async def connect(client: Client, settings: Settings, base_url: str, reports: Reports) -> Target:
    """Find the API at `base_url`, sign in, and read what it says about itself, and what the settings' documents need.

    Raises:
        ConfigError: There are no credentials, or as `chosen_resources`.
        TargetError: The target is not ready or not usable; the message says why.
    """
    key, secret = require_credentials(settings)
    reader = MetadataReader(client, reports.sample, PREFLIGHT)
    discovery = await discover(reader, settings, base_url)
    auth = SharedAuthManager(client, discovery.urls.token_url, key, secret, emit=reports.sample, phase=PREFLIGHT)
    await sign_in(auth)
    metadata = await reader.read_metadata(discovery.urls, settings.openapi_urls)
    graph = DependencyGraph.build(metadata.model, metadata.dependencies)
    target = Target(discovery, auth, metadata.model, graph, descriptor_values={})
    return await with_descriptor_values(target, client, settings, reports)


async def with_descriptor_values(target: Target, client: Client, settings: Settings, reports: Reports) -> Target:
    """Return the target with all the values that documents of the settings need; those it has are not read again.

    Raises:
        ConfigError: As `chosen_resources`.
        TargetError: The client may not read them, or the target fails.
    """
    wanted = used_descriptors(target.model, chosen_resources(settings, target.model)) - target.descriptor_values.keys()
    if not wanted:
        return target
    await _require_readable(client, target, wanted)
    values = await read_descriptor_values(target.preflight_api(client, reports), target.model, wanted)
    return replace(target, descriptor_values={**target.descriptor_values, **values})


@asynccontextmanager
async def connected(
    settings: Settings, base_url: str, reports: Reports = UNHEARD
) -> AsyncIterator[tuple[Client, Target]]:
    """Give a client and the target that it is connected to; both are closed with the context. Raises: as `connect`."""
    with open_client(settings) as client:
        target = await connect(client, settings, base_url, reports)
        try:
            yield client, target
        finally:
            await target.auth.close()


async def _require_readable(client: Client, target: Target, descriptors: Iterable[str]) -> None:
    """Raise TargetError where the API tells that the client may not read descriptors: all at once, not the first."""
    url = target.discovery.urls.token_info_url
    rights = await read_rights(client, target.auth, url) if url else None
    wanted = {target.model.descriptors[name]: frozenset({"Read"}) for name in descriptors}
    lacking = rights.lacking(wanted) if rights else {}
    if rights and lacking:
        raise TargetError(
            f"claim set {rights.claim_set or 'of the client'} may not read {len(lacking)} of {len(wanted)} descriptors "
            f"that documents need, such as {', '.join(sorted(lacking)[:3])}; give the client one that may, "
            "such as EdFiSandbox; `dms-load-test doctor` tells all that it lacks"
        )


async def read_graph(
    client: Client, settings: Settings, base_url: str, reports: Reports
) -> tuple[ApiModel, DependencyGraph]:
    """Find the API at `base_url` and read its resources and their order: no credentials are needed for that.

    Raises:
        TargetError: The target is not ready or not usable; the message says why.
    """
    reader = MetadataReader(client, reports.sample, PREFLIGHT)
    discovery = await discover(reader, settings, base_url)
    metadata = await reader.read_metadata(discovery.urls, settings.openapi_urls)
    return metadata.model, DependencyGraph.build(metadata.model, metadata.dependencies)


async def discover(reader: MetadataReader, settings: Settings, base_url: str) -> Discovery:
    """Find the API at or near `base_url`, with the URLs that the settings give in place of the discovered ones.

    Raises:
        ConfigError, TargetError: As `MetadataReader.discover`.
    """
    given = {name.upper(): url for name in _GIVEN_URLS if (url := getattr(settings, name))}
    if settings.openapi_urls:
        given["OPENAPI_URLS"] = settings.openapi_urls[0]
    return await reader.discover(base_url, given)


def embedded() -> tuple[ApiModel, DependencyGraph, Mapping[str, Sequence[str]]]:
    """Return the embedded standard in place of a target: model, graph and descriptor URIs."""
    standard = load_standard()
    graph = DependencyGraph.build(standard.model, parse_dependencies(write_dependencies(standard.model)))
    values = {
        name: tuple(f"uri://ed-fi.org/{name}#{value}" for value in known)
        for name, known in standard.descriptor_values.items()
    }
    return standard.model, graph, values


def documents_of(settings: Settings, seed: int, model: ApiModel, values: Mapping[str, Sequence[str]]) -> Documents:
    """Return the documents that the settings' sizes make. Raises: ConfigError, TargetError: as `build_documents`."""
    sizes = DistrictSizes(
        schools=settings.school_count,
        students=settings.student_count,
        staff=settings.staff_count,
        courses_per_school=settings.courses_per_school,
        sections_per_course=settings.sections_per_course,
        school_year=settings.school_year,
    )
    return build_documents(model, sizes, seed, values, data_options(settings, model, seed))
