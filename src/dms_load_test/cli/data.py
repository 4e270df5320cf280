"""The options about data that several commands have, and the commands that show and write it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dms_load_test.cli.application import (
    ProfileOption,
    SeedOption,
    SetOption,
    StandardTargetOption,
    app,
    settings_in_force,
    with_options,
)
from dms_load_test.errors import ConfigError

ResourcesOption = Annotated[
    str | None,
    typer.Option(
        "--resources", metavar="LIST", help="Names, wildcards, `district` or `all`, by commas; what they need is added."
    ),
]
ExcludeOption = Annotated[str | None, typer.Option("--exclude", metavar="LIST", help="Resources to leave out of them.")]
CountOption = Annotated[
    list[str] | None,
    typer.Option("--count", metavar="RESOURCE=N", help="Documents of a resource; wildcards, may be repeated."),
]
OptionalOption = Annotated[
    str | None, typer.Option("--optional", help="Which optional members documents have: none, common or all.")
]
OverridesOption = Annotated[Path | None, typer.Option("--overrides", help="YAML file that says how members are made.")]
GeneratorsOption = Annotated[Path | None, typer.Option("--generators", help="Python file with rules of your own.")]


def data_settings(
    given: list[str] | None,
    resources: str | None,
    exclude: str | None,
    count: list[str] | None,
    optional: str | None,
    overrides: Path | None,
    generators: Path | None,
) -> list[str]:
    """Return the assignments of `--set` with those that the options about data stand for."""
    options = {
        "RESOURCES": resources,
        "EXCLUDE": exclude,
        "COUNTS": " ".join(count) if count else None,
        "OPTIONAL_MEMBERS": optional,
        "OVERRIDES": overrides,
        "GENERATORS": generators,
    }
    return with_options(given, options)


@app.command()
def plan(
    target: StandardTargetOption = None,
    profile: ProfileOption = None,
    resources: ResourcesOption = None,
    exclude: ExcludeOption = None,
    count: CountOption = None,
    optional: OptionalOption = None,
    overrides: OverridesOption = None,
    generators: GeneratorsOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
) -> None:
    """Show what a load would send, by resource and level."""
    from dms_load_test.app.inspect import documents_and_graph, plan_lines

    given = data_settings(settings, resources, exclude, count, optional, overrides, generators)
    effective = settings_in_force(profile, given, target=target, seed=seed)
    for line in plan_lines(*documents_and_graph(effective.settings)):
        print(line)


@app.command()
def generate(
    resource: Annotated[str | None, typer.Argument(help="A resource, such as students.")] = None,
    number: Annotated[int, typer.Option("--number", "-n", help="How many documents.", min=1)] = 10,
    first: Annotated[int, typer.Option(help="Ordinal of the first.", min=0)] = 0,
    everything: Annotated[bool, typer.Option("--all", help="Write all that is planned, a file a resource.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files of --all.")] = None,
    target: StandardTargetOption = None,
    profile: ProfileOption = None,
    resources: ResourcesOption = None,
    exclude: ExcludeOption = None,
    count: CountOption = None,
    optional: OptionalOption = None,
    overrides: OverridesOption = None,
    generators: GeneratorsOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
) -> None:
    """Print generated documents, or write all to a folder. There is one a line, as JSON."""
    from dms_load_test.app.inspect import document_lines, documents_and_graph, export_documents

    if everything is not (out is not None) or everything is not (resource is None):
        raise ConfigError('generate: expected a resource, as in "generate students", or "--all --out FOLDER"')
    if resource is not None and resources is None:
        resources = f"district,{resource}"
    given = data_settings(settings, resources, exclude, count, optional, overrides, generators)
    effective = settings_in_force(profile, given, target=target, seed=seed)
    if out is not None:
        export_documents(*documents_and_graph(effective.settings), out, print)
        return
    write = sys.stdout.buffer.write
    for line in document_lines(effective.settings, resource or "", range(first, first + number)):
        write(line + b"\n")
