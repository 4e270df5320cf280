"""The options of `run` about what it leaves, and about what it looks at beside the requests."""

from __future__ import annotations

from typing import Annotated

import typer

from dms_load_test.cli.application import with_options
from dms_load_test.errors import ConfigError

ExportOption = Annotated[
    str | None,
    typer.Option("--export", metavar="FORMATS", help="csv, junit, markdown, hdr, k6, separated by commas; all; none."),
]
SamplesOption = Annotated[
    bool, typer.Option("--samples", help="Write down every single request of the run's phases, compressed.")
]
PostgresOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Record the statistics of the target's database; its password is PGPASSWORD."),
]
HostMetricsOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Record CPU and memory from a node-exporter or a Prometheus."),
]
OtlpOption = Annotated[str | None, typer.Option(metavar="URL", help="Send metrics to an OpenTelemetry collector.")]


def watching_settings(
    given: list[str] | None,
    export: str | None,
    postgres: str | None,
    host_metrics: str | None,
    otlp: str | None,
    *,
    samples: bool,
) -> list[str]:
    """Return the assignments of `--set` with those that these options stand for.

    Raises:
        ConfigError: A password is on the command line, where every user of the machine can read it.
    """
    from dms_load_test.config.secret import has_password

    if postgres and has_password(postgres):
        raise ConfigError(
            "--postgres: a password on the command line can be read by others; set PGPASSWORD, or POSTGRES_URL in the "
            "environment or in .env.load-test"
        )
    options = {
        "EXPORTS": export,
        "SAMPLES": "true" if samples else None,
        "POSTGRES_URL": postgres,
        "HOST_METRICS_URL": host_metrics,
        "OTLP_ENDPOINT": otlp,
    }
    return with_options(given, options)
