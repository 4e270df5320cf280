"""The command that serves the embedded emulator."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from dms_load_test.cli.application import app

CmsPortOption = Annotated[
    int | None, typer.Option(help="Serve on this port, too: for tools that look for the CMS there.", max=65535)
]
DataOption = Annotated[Path | None, typer.Option(help="SQLite file that keeps the documents; else they are in memory.")]
SecretOption = Annotated[
    str | None,
    typer.Option(help="Secret of the API client; else `emulator-secret`.", envvar="EMULATOR_SECRET"),
]
NamespacePrefixesOption = Annotated[
    list[str] | None, typer.Option("--namespace", help="Namespace prefix of that client; may be repeated.")
]
AdminSecretOption = Annotated[
    str | None,
    typer.Option(help="Secret of the CMS's admin client; else DMS's default.", envvar="EMULATOR_ADMIN_SECRET"),
]
TokenLifetimeSOption = Annotated[
    int | None, typer.Option("--token-lifetime", help="Seconds that a token is good; else 1800.", min=1)
]
EmptyOption = Annotated[
    bool | None, typer.Option("--empty", help="Start without the standard's descriptor values.", show_default=False)
]
OpenapiOption = Annotated[
    list[Path] | None,
    typer.Option(help="OpenAPI document of another API to emulate; may be repeated.", metavar="FILE"),
]
DependenciesOption = Annotated[
    Path | None, typer.Option(help="Load order of that API; else it follows from the references.", metavar="FILE")
]
FaultsOption = Annotated[
    list[str] | None,
    typer.Option("--fault", help="Fault to inject, such as error:status=503,ratio=0.1; may be repeated."),
]
ControlTokenOption = Annotated[
    str | None,
    typer.Option(help="Token that /emulator/... needs; else it is for this machine.", envvar="EMULATOR_CONTROL_TOKEN"),
]


@app.command()
def emulator(
    host: Annotated[str | None, typer.Option(help="Address to listen on; else 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one; else 8080.", min=0, max=65535)] = None,
    cms_port: CmsPortOption = None,
    data: DataOption = None,
    key: Annotated[str | None, typer.Option(help="Key of the API client; else `emulator`.")] = None,
    secret: SecretOption = None,
    claim_set: Annotated[str | None, typer.Option(help="Claim set of that client; else EdFiSandbox.")] = None,
    namespace_prefixes: NamespacePrefixesOption = None,
    admin_secret: AdminSecretOption = None,
    token_lifetime_s: TokenLifetimeSOption = None,
    flavor: Annotated[str | None, typer.Option(help="`dms` or `ods`: whose paths, ids and pages; else dms.")] = None,
    empty: EmptyOption = None,
    openapi: OpenapiOption = None,
    dependencies: DependenciesOption = None,
    rate_limit: Annotated[
        str | None, typer.Option(help="Limit per host, such as 20000/10s or 2000/s; else none.")
    ] = None,
    faults: FaultsOption = None,
    seed: Annotated[int | None, typer.Option(help="Repeat the dice of faults.")] = None,
    control_token: ControlTokenOption = None,
) -> None:
    """Serve an emulated Ed-Fi API until Ctrl-C."""
    given = dict(locals())  # first of all: the options as they were given
    from dms_load_test.app.emulate import serve_emulator
    from dms_load_test.emulator import EmulatorOptions
    from dms_load_test.emulator.flavors import FLAVORS
    from dms_load_test.errors import ConfigError

    if flavor not in {None, *FLAVORS}:
        raise ConfigError(f"--flavor {flavor}: expected {' or '.join(FLAVORS)}")
    members: dict[str, Any] = {}
    for member in fields(EmulatorOptions):
        value = given.get(member.name)
        if value is not None and value != []:
            members[member.name] = tuple(value) if isinstance(value, list) else value
    serve_emulator(EmulatorOptions(**members), lambda text: print(text, flush=True))
