"""All settings: one table of name, type, default and meaning, from which the checks and the documents come.

A variable is a field's name in capitals: `school_count` is set by `SCHOOL_COUNT`. Durations are seconds.
Source of names and sizes: the k6 predecessor, so that its users' files and habits carry over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from dms_load_test.config.values import (
    Amount,
    ArrivalRate,
    Count,
    Duration,
    Expected,
    Folder,
    Fullness,
    KeyPrefix,
    Mix,
    OptionalFile,
    OptionalScheduler,
    OptionalSecret,
    OptionalSeed,
    OptionalText,
    OptionalUrl,
    OrganizationIds,
    Pause,
    Popularity,
    Ratio,
    SchoolYear,
    Separator,
    Sizes,
    Statuses,
    Switch,
    Text,
    Thresholds,
    Unit,
    Urls,
    Weights,
    Words,
    WorkerLoss,
    Workers,
    duration_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

_FAILURES = ("http_req_failed: rate<0.05", "errors: rate<0.05")


class Settings(BaseModel):
    """The effective settings of one run: validated, frozen, secrets masked in every rendering."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_base_url: OptionalUrl = Field(
        None, description="Base URL of the Ed-Fi API, without /data; empty starts the embedded emulator."
    )
    oauth_token_url: OptionalUrl = Field(None, description="Token endpoint; empty takes the discovery document's.")
    data_url: OptionalUrl = Field(None, description="Data management API; empty takes the discovery document's.")
    dependencies_url: OptionalUrl = Field(
        None, description="Dependency order of the resources; empty takes the discovery document's."
    )
    openapi_urls: Urls = Field(
        (), description="OpenAPI documents of resources and descriptors; empty takes the discovery document's."
    )
    client_id: OptionalText = Field(None, description="Key of the API client.")
    client_secret: OptionalSecret = Field(None, description="Secret of the API client; never shown.")
    client_secret_file: OptionalFile = Field(None, description="File that holds the secret and nothing else.")
    client_secret_command: OptionalText = Field(
        None, description="Command that prints the secret, such as that of a password manager; run without a shell."
    )

    config_service_url: OptionalUrl = Field(
        None, description="Configuration Service, where `setup-client` makes the API client."
    )
    config_service_token_url: OptionalUrl = Field(
        None, description="Where its administrators get tokens; empty asks the service itself."
    )
    config_service_client_id: OptionalText = Field(None, description="Key of its administrator; empty registers one.")
    config_service_client_secret: OptionalSecret = Field(None, description="Secret of its administrator; never shown.")
    config_service_tenant: OptionalText = Field(None, description="Tenant, where it serves several.")
    claim_set: Text = Field("EdFiSandbox", description="Claim set of the client that `setup-client` makes.")
    data_store: OptionalText = Field(
        None, description="Name or number of the data store that it may use; empty takes the only one."
    )

    production_hosts: Words = Field(
        ("api.ed-fi.org",), description="Hosts that count as production, * for any text; see docs/operating.md."
    )
    production_words: Words = Field(
        ("prod", "production", "prd", "live"),
        description="Words in a host name or path that make it count as production.",
    )
    test_words: Words = Field(
        ("non", "nonprod", "pre", "preprod", "test", "dev", "qa", "uat", "stage", "staging", "sandbox", "demo"),
        description="Words that make up for these.",
    )

    school_count: Count = Field(10, description="Schools of the district.")
    student_count: Count = Field(100, description="Students of the district.")
    staff_count: Count = Field(20, description="Staff members of the district.")
    courses_per_school: Count = Field(10, description="Courses that each school offers.")
    sections_per_course: Count = Field(3, description="Sections of each course of a school.")
    school_year: SchoolYear = Field(2025, description="The school year that the data is about.")
    seed: OptionalSeed = Field(
        None, description="Data and choices follow from it: the same seed repeats a run; empty gives each run its own."
    )

    key_prefix: KeyPrefix = Field("", description="What the identifiers of students, staff and contacts begin with.")
    education_organization_ids: OrganizationIds = Field(
        None, description="Range that ids of agencies and schools are taken from; empty leaves it to the seed."
    )

    resources: Words = Field(("district",), description="Resources to make data for: names, wildcards, district, all.")
    exclude: Words = Field((), description="Resources to leave out of these.")
    counts: Words = Field((), description="Documents of a resource, such as students=500; wildcards may be used.")
    optional_members: Fullness = Field("common", description="Optional members of documents: none, common or all.")
    overrides: OptionalFile = Field(None, description="YAML file that says how members are made.")
    generators: OptionalFile = Field(None, description="Python file with rules of your own.")

    vus_load_phase: Count = Field(5, description="Virtual users of the load phase.")
    vus_readwrite_phase: Count = Field(10, description="Virtual users of the readwrite phase.")
    duration_load_phase: Duration = Field(300.0, description="Limit of the load phase, which ends when all is sent.")
    duration_readwrite_phase: Duration = Field(300.0, description="Length of the readwrite phase.")
    think_time_min: Pause = Field(0.1, description="Shortest pause of a user between operations (readwrite).")
    think_time_max: Pause = Field(0.5, description="Longest pause of a user between operations (readwrite).")

    rate_readwrite_phase: ArrivalRate = Field(
        0.0,
        description=(
            "Operations a second, on time and without pauses, by VUS_READWRITE_PHASE users at most (readwrite); "
            "0: as fast as users are."
        ),
    )
    readwrite_mix: Mix = Field((50, 20, 20, 10), description="Shares of read, create, update and delete (readwrite).")
    readwrite_reads: Mix = Field(
        (75, 15, 5, 5),
        description="Shares of reads by id, by natural key, by a member, and of pages (readwrite).",
    )
    readwrite_weights: Weights = Field(
        (), description="Weights of resources; those not named have the square root of their documents (readwrite)."
    )
    readwrite_batch: Count = Field(1, description="Operations that an iteration does at the same time (readwrite).")
    popularity: Popularity = Field(
        "uniform", description="Which documents are asked for: all alike, or few of them most of the time (zipf)."
    )
    audit_ratio: Ratio = Field(0.01, description="Share of the acknowledged writes that are read back and compared.")
    page_sizes: Sizes = Field((25, 100), description="Documents a page (paging, readwrite).")
    filter_size: Count = Field(2, description="Most query fields in one query (filtered).")
    filter_most: Count = Field(50, description="Most queries for one resource (filtered).")
    contention_documents: Count = Field(5, description="Documents that all users update (contention).")
    shape_peak: Amount = Field(4.0, description="Most users of --shape stress and spike, as a multiple of the normal.")
    knee_start_rate: Amount = Field(10.0, description="First arrivals a second (knee).")
    knee_most_rate: Amount = Field(5000.0, description="Most arrivals a second (knee).")
    knee_most_vus: Count = Field(500, description="Most virtual users, which bounds what is under way (knee).")
    knee_hold: Duration = Field(10.0, description="How long one look at a rate takes; three to seven are taken (knee).")
    knee_p95_rise: Amount = Field(0.5, description="Rise of p95 over that of the first rate that is too much (knee).")
    knee_errors: Ratio = Field(0.01, description="Share of failed operations that is too much (knee).")
    soak_duration: Pause = Field(0.0, description="How long 70 % of the knee is held after it; 0s does not (knee).")

    thresholds_smoke: Thresholds = Field(
        ("http_req_duration: p(95)<2000", *_FAILURES), description="What the smoke phase must meet."
    )
    thresholds_load: Thresholds = Field(
        ("http_req_duration: p(95)<5000", *_FAILURES), description="What the load phase must meet."
    )
    thresholds_readwrite: Thresholds = Field(
        ("http_req_duration: p(95)<3000", *_FAILURES), description="What the readwrite phase must meet."
    )

    abort_on_4xx: Switch = Field(default=False, description="End the run at the first answer 400 to 499.")
    abort_allow: Statuses = Field((), description="Statuses that do not, such as 401,409.")
    stop_on_first_failure: Switch = Field(
        default=False, description="End the run at the first failed operation of any kind, and show it in full."
    )

    insecure: Switch = Field(default=False, description="Accept any TLS certificate of the target.")
    ca_bundle: OptionalFile = Field(None, description="PEM file of the authorities to trust instead of the system's.")
    client_certificate: OptionalFile = Field(None, description="PEM file of the certificate to show to the target.")
    client_key: OptionalFile = Field(None, description="PEM file of that certificate's key, if it is separate.")
    connect_timeout: Duration = Field(10.0, description="Limit for opening a connection, TLS included.")
    request_timeout: Duration = Field(60.0, description="Limit for a request, from its first byte to its last.")
    target_lost_after: Pause = Field(
        20.0,
        description="A run ends when requests went unanswered for this long, and none was answered; 0s never ends it.",
    )
    workers: Workers = Field(
        "1",
        description="Processes that share the load; auto: one a physical core, less one for the embedded emulator.",
    )
    scheduler: OptionalScheduler = Field(
        None, description="Dask scheduler whose workers share the load; empty takes processes of this machine."
    )
    on_worker_loss: WorkerLoss = Field(
        "continue", description="What a run does that loses a worker in a phase that cannot catch up with its part."
    )
    exports: Words = Field(
        ("csv", "junit", "markdown"),
        description="What a run writes beside its report: csv, junit, markdown, hdr and k6, or none.",
    )
    samples: Switch = Field(default=False, description="Write down every single request, compressed.")

    postgres_url: OptionalSecret = Field(
        None, description="The target's database, to record its statistics: postgresql://user@host:5432/database."
    )
    host_metrics_url: OptionalUrl = Field(
        None, description="A node-exporter on the target's machine, or a Prometheus, to record CPU and memory."
    )
    server_figures_every: Duration = Field(5.0, description="How often these two are asked.")
    otlp_endpoint: OptionalUrl = Field(None, description="OpenTelemetry collector to send metrics to (OTLP, HTTP).")
    otlp_headers: OptionalSecret = Field(None, description="Headers for it, such as api-key=KEY; never shown.")

    results_dir: Folder = Field(Path("results"), description="Folder of the run folders.")


@dataclass(frozen=True, slots=True)
class Key:
    """A setting as its users see it. `default` is written as in a file; `expected` ends "expected ..."."""

    name: str
    field: str
    description: str
    expected: str
    unit: str
    separator: str
    default: str
    is_secret: bool
    is_path: bool

    def text_of(self, value: object) -> str:
        """Write the setting's value as a file would; a secret as asterisks, nothing as the empty text."""
        return _text_of(value, self.unit, self.separator)


def _text_of(value: object, unit: str, separator: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return separator.join(str(part) for part in value)
    if isinstance(value, float) and unit == "duration":
        return duration_text(value)
    return str(value)


def _key(field: str, info: FieldInfo) -> Key:
    marks = {type(mark): mark.text for mark in info.metadata if isinstance(mark, Expected | Unit | Separator)}
    unit, separator = marks.get(Unit, ""), marks.get(Separator, " ")
    return Key(
        name=field.upper(),
        field=field,
        description=info.description or "",
        expected=marks[Expected],
        unit=unit,
        separator=separator,
        default=_text_of(info.default, unit, separator),
        is_secret=_holds(info, SecretStr),
        is_path=_holds(info, Path),
    )


def _holds(info: FieldInfo, kind: Any) -> bool:
    annotation = info.annotation
    return annotation is kind or kind in getattr(annotation, "__args__", ())


KEYS: Mapping[str, Key] = MappingProxyType(
    {key.name: key for key in (_key(field, info) for field, info in Settings.model_fields.items())}
)
"""Every setting by variable name, in the order of `Settings`."""
