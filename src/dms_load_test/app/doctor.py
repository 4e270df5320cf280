"""One look at everything a run depends on, in order; each line with what to do. Nothing is left behind on the target.

A step that cannot be taken because an earlier one failed is skipped, and says so.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from dms_load_test.app import checks
from dms_load_test.app.checks import Check, State
from dms_load_test.app.credentials import require_credentials, with_secret
from dms_load_test.app.data import chosen_resources
from dms_load_test.app.preflight import check_disk, check_files, check_permissions, planned_users
from dms_load_test.app.target import PREFLIGHT, Target, discover, documents_of, embedded, open_client
from dms_load_test.config import FILE_NAME
from dms_load_test.config.production import OPTION, production_sign
from dms_load_test.edfi.dependencies import DependencyGraph
from dms_load_test.engine.address import split_url
from dms_load_test.engine.api import PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.engine.loop import run as run_loop
from dms_load_test.engine.options import tls_context
from dms_load_test.engine.probe import open_connection, resolve_name, shake_hands
from dms_load_test.engine.proxy import ADVICE as PROXY_ADVICE
from dms_load_test.engine.target import MetadataReader, read_descriptor_values, sign_in, used_descriptors
from dms_load_test.errors import LoadTestError
from dms_load_test.metrics.totals import TOO_MANY_REQUESTS
from dms_load_test.scenarios import PHASES, Workload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from dms_load_test.config import Effective
    from dms_load_test.engine.address import Origin
    from dms_load_test.engine.target import Discovery, Metadata
    from dms_load_test.engine.transport import Client
    from dms_load_test.generators import Documents
    from dms_load_test.sample import Sample

_ROUND_TRIPS = 7
_SEED = 1
_TIMED_S = 0.15
_LIMIT_HEADERS = ("ratelimit-limit", "x-ratelimit-limit")
_FULL = PHASES["full"]


def examine(effective: Effective, base_url: str, directory: Path, show: Callable[[Check], None]) -> list[Check]:
    """Take all steps; show each check as soon as it is known, and return them."""

    async def take() -> list[Check]:
        found = []
        with open_client(effective.settings) as client:
            doctor = Doctor(effective, base_url, directory, client)
            try:
                async for check in doctor.steps():
                    show(check)
                    found.append(check)
            finally:
                await doctor.close()
        return found

    return run_loop(take())


@dataclass(slots=True)
class _Seen:
    """What the steps have found out so far."""

    discovery: Discovery | None = None
    auth: SharedAuthManager | None = None
    metadata: Metadata | None = None
    documents: Documents | None = None
    round_trip_ms: float = 0.0
    limited: int = 0
    stated: str = ""
    samples: list[Sample] = field(default_factory=list)


_OURS = frozenset({"configuration", "disk", "open files"})


class Doctor:
    """The steps in order. A step raises LoadTestError where it fails; its message is the line."""

    def __init__(self, effective: Effective, base_url: str, directory: Path, client: Client) -> None:
        self._effective = effective
        self._settings = effective.settings
        self._base_url = base_url
        self._directory = directory
        self._client = client
        self._seen = _Seen()
        self._origin: Origin = split_url(base_url)[0]
        proxy = client.options.proxies.of(self._origin)
        self._first: Origin = proxy.origin if proxy else self._origin
        """Who is connected to: the target, or the proxy on the way to it."""
        self._via = f", the proxy on the way to {self._origin.host}" if proxy else ""

    async def steps(self) -> AsyncIterator[Check]:
        """Take the steps; what depends on a failed one is skipped."""
        failed: set[str] = set()
        for name, needs, step in (
            ("configuration", (), self._configuration),
            ("name", (), self._name),
            ("connection", ("name",), self._connection),
            ("TLS", ("connection",), self._tls),
            ("discovery", ("connection", "TLS"), self._discovery),
            ("clock", ("discovery",), self._clock),
            ("round trip", ("discovery",), self._round_trip),
            ("token", ("configuration", "discovery"), self._token),
            ("metadata", ("discovery",), self._metadata),
            ("permissions", ("token", "metadata"), self._permissions),
            ("descriptors", ("token", "metadata"), self._descriptors),
            ("rate limit", ("round trip",), self._rate),
            ("disk", ("descriptors",), self._disk),
            ("open files", (), self._files),
            ("machine", ("descriptors",), self._machine),
        ):
            missing = [need for need in needs if need in failed]
            check = Check(name, State.SKIPPED, f"needs {missing[0]}") if missing else await _taken(name, step)
            if check.state in {State.FAILED, State.SKIPPED}:
                failed.add(name)
            yield check

    async def close(self) -> None:
        """End what is under way."""
        if self._seen.auth is not None:
            await self._seen.auth.close()

    def _sample(self, sample: Sample) -> None:
        self._seen.samples.append(sample)
        self._seen.limited += sample.status == TOO_MANY_REQUESTS

    async def _configuration(self) -> Check:
        effective = self._effective
        layers: dict[str, int] = {}
        for origin in effective.origins.values():
            layers[origin.layer] = layers.get(origin.layer, 0) + (origin.layer != "default")
        given = ", ".join(f"{count} from {layer}" for layer, count in layers.items() if count) or "all defaults"
        where = effective.origins["API_BASE_URL"].where
        text = f"profile {effective.profile.name}; settings: {given}; target from {where}"
        self._settings = with_secret(self._settings)
        require_credentials(self._settings)
        warnings = list(effective.warnings)
        if (self._directory / ".env").is_file():
            warnings.append(f"{self._directory / '.env'} is not read; settings belong into {FILE_NAME}")
        sign = production_sign(self._settings, self._base_url)
        if sign:
            warnings.append(f"{self._base_url} looks like production, because {sign}: a run asks for {OPTION}")
        if warnings:
            return Check("configuration", State.WARNING, text, "; ".join(warnings))
        return Check("configuration", State.OK, text)

    async def _name(self) -> Check:
        host = self._first.host
        way = await resolve_name(self._first)
        if way.error:
            advice = PROXY_ADVICE if self._via else "correct API_BASE_URL, or the name service"
            return Check("name", State.FAILED, f"{host}: {way.error}{self._via}", advice)
        return Check("name", State.OK, f"{host} is {', '.join(way.found)} ({way.took_ms:.1f} ms){self._via}")

    async def _connection(self) -> Check:
        port = self._first.port
        way = await open_connection(self._first.host, port, self._settings.connect_timeout)
        if way.error:
            direct = "start the API, or correct API_BASE_URL; a firewall may be in between"
            advice = PROXY_ADVICE if self._via else direct
            return Check("connection", State.FAILED, f"port {port}: {way.error}{self._via}", advice)
        return Check("connection", State.OK, f"port {port} of {way.found[0]} ({way.took_ms:.1f} ms){self._via}")

    async def _tls(self) -> Check:
        if self._origin.scheme == "http":
            return Check("TLS", State.OK, "none: the address is http")
        if self._via:
            return Check("TLS", State.OK, "checked by the requests that follow: a proxy is on the way")
        context = tls_context(self._client.options)
        certificate = await shake_hands(self._origin, context, self._settings.connect_timeout)
        return checks.certificate_check(certificate, time.time(), insecure=self._settings.insecure)

    async def _discovery(self) -> Check:
        reader = MetadataReader(self._client, self._sample, PREFLIGHT)
        found = self._seen.discovery = await discover(reader, self._settings, self._base_url)
        models = ", ".join(f"{model.name} {model.version}" for model in found.urls.data_models)
        text = f"API {found.urls.version or 'of unknown version'} at {found.base_url}: {models}"
        if found.base_url.rstrip("/") != self._base_url.rstrip("/"):
            return Check("discovery", State.OK, f"{text} (API_BASE_URL is {self._base_url}: that works)")
        return Check("discovery", State.OK, text)

    async def _clock(self) -> Check:
        answer, ours_s = await self._ask()
        return checks.date_check(answer.headers.get("date", ""), ours_s)

    async def _round_trip(self) -> Check:
        times_ms = []
        for _ in range(_ROUND_TRIPS):
            answer, _ = await self._ask()
            sample = self._seen.samples[-1]
            times_ms.append((sample.finished_ns - sample.started_ns) * 1000 / NS_PER_S)
        self._seen.round_trip_ms = median(times_ms)
        self._seen.stated = next((answer.headers[name] for name in _LIMIT_HEADERS if name in answer.headers), "")
        return Check(
            "round trip",
            State.OK,
            f"median {median(times_ms):.2f} ms of {len(times_ms)}, {min(times_ms):.2f} to {max(times_ms):.2f}",
        )

    async def _ask(self) -> tuple[Any, float]:
        """Ask for the discovery document; return the answer, and the time of day in the middle of the request."""
        assert self._seen.discovery is not None
        reader = MetadataReader(self._client, self._sample, PREFLIGHT)
        began_s = time.time()
        answer = await reader.ask(self._seen.discovery.base_url)
        return answer, (began_s + time.time()) / 2

    async def _token(self) -> Check:
        assert self._seen.discovery is not None
        key, secret = require_credentials(self._settings)
        url = self._seen.discovery.urls.token_url
        auth = self._seen.auth = SharedAuthManager(self._client, url, key, secret, emit=self._sample, phase=PREFLIGHT)
        await sign_in(auth)
        token = auth.line(self._client.clock.now_ns()).decode("ascii").strip().rpartition(" ")[2]
        return checks.token_check(auth.life_s(), token)

    async def _metadata(self) -> Check:
        assert self._seen.discovery is not None
        reader = MetadataReader(self._client, self._sample, PREFLIGHT)
        urls = self._seen.discovery.urls
        metadata = self._seen.metadata = await reader.read_metadata(urls, self._settings.openapi_urls)
        return checks.metadata_check(metadata.model, metadata.dependencies)

    async def _permissions(self) -> Check:
        """Check the plan's permissions; it is made with the standard's descriptors: the target's may be unreadable."""
        target = self._target(embedded()[2])
        documents = documents_of(self._settings, _SEED, target.model, target.descriptor_values)
        workload = Workload(self._settings, target.graph, documents, _SEED)
        check, _ = await check_permissions(self._client, target, workload, _FULL, most=len(documents.counts))
        return check

    async def _descriptors(self) -> Check:
        metadata = self._seen.metadata
        assert metadata is not None
        policy = PhasePolicy(phase=PREFLIGHT, emit=self._sample, on_failure=lambda _: None)
        wanted = used_descriptors(metadata.model, chosen_resources(self._settings, metadata.model))
        api = self._target({}).api(self._client, policy)
        values = await read_descriptor_values(api, metadata.model, wanted)
        documents = self._seen.documents = documents_of(self._settings, _SEED, metadata.model, values)
        count = sum(len(found) for found in values.values())
        standard = embedded()[2]  # which has no values of some itself: of these nothing can be loaded
        empty = [name for name, found in values.items() if not found and standard.get(name, True)]
        text = (
            f"{count:,} values of {len(values)} descriptors; {sum(documents.counts.values()):,} documents can be made"
        )
        if empty:
            advice = "load the data standard's descriptors; a run makes values of its own otherwise"
            return Check("descriptors", State.WARNING, f"{text}; no values: {checks.some(empty)}", advice)
        return Check("descriptors", State.OK, text)

    def _target(self, values: Mapping[str, Sequence[str]]) -> Target:
        discovery, auth, metadata = self._seen.discovery, self._seen.auth, self._seen.metadata
        assert discovery is not None
        assert auth is not None
        assert metadata is not None
        graph = DependencyGraph.build(metadata.model, metadata.dependencies)
        return Target(discovery, auth, metadata.model, graph, values)

    async def _rate(self) -> Check:
        return checks.rate_check(
            planned_users(self._settings), self._seen.round_trip_ms, self._seen.limited, self._seen.stated
        )

    async def _disk(self) -> Check:
        assert self._seen.documents is not None
        return check_disk(self._settings, self._seen.documents)

    async def _files(self) -> Check:
        return check_files(planned_users(self._settings))

    async def _machine(self) -> Check:
        documents = self._seen.documents
        assert documents is not None
        made = 0
        began_s = time.process_time()
        while (spent_s := time.process_time() - began_s) < _TIMED_S:
            for resource, count in documents.counts.items():
                if count:
                    documents.payload(resource, made % count)
                    made += 1
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        wanted_per_s = planned_users(self._settings) * 1000 / max(self._seen.round_trip_ms, 0.01)
        return checks.machine_check(spent_s / made * 1e6, wanted_per_s, load, os.cpu_count() or 1)


async def _taken(name: str, step: Callable[[], Any]) -> Check:
    """Take one step. An error of the user's or the target's fails it; advice is what follows its last semicolon."""
    try:
        check: Check = await step()
    except LoadTestError as error:
        text, _, advice = str(error).rpartition("; ")
        return Check(name, State.FAILED, text or advice, advice if text else "")
    return check


def failed_in_configuration(found: list[Check]) -> bool:
    """Tell whether what failed first is the user's configuration, or this machine."""
    return next((check.name for check in found if check.state is State.FAILED), "") in _OURS
