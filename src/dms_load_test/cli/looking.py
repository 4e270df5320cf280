"""Commands that only look: at resources, settings and profiles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from dms_load_test.cli.application import (
    ProfileOption,
    SetOption,
    StandardTargetOption,
    TargetOption,
    app,
    settings_in_force,
)
from dms_load_test.errors import ConfigError


@app.command()
def resources(
    target: StandardTargetOption = None,
    graph: Annotated[str | None, typer.Option(help="`dot`: the references as a graph for Graphviz.")] = None,
    profile: ProfileOption = None,
    settings: SetOption = None,
) -> None:
    """List the target's resources by dependency level. Without a target those of the embedded standard."""
    from dms_load_test.app.inspect import resource_lines

    if graph not in {None, "dot"}:
        raise ConfigError(f'--graph {graph}: expected "dot"')
    for line in resource_lines(settings_in_force(profile, settings, target=target).settings, as_dot=graph == "dot"):
        print(line)


@app.command()
def config(profile: ProfileOption = None, target: TargetOption = None, settings: SetOption = None) -> None:
    """Show every setting in force, and where it comes from. Secrets are masked."""
    from dms_load_test.app.inspect import setting_lines

    for line in setting_lines(settings_in_force(profile, settings, target=target)):
        print(line)


@app.command()
def profiles() -> None:
    """List the profiles, the smallest first, and what each is for."""
    from dms_load_test.config import home, list_profiles, load_settings

    folder = home(os.environ, Path.cwd())
    found = {profile: load_settings(profile.name, {}, {}, folder).settings for profile in list_profiles(folder)}
    width = max(len(profile.name) for profile in found)
    for profile, settings in sorted(found.items(), key=lambda item: item[1].student_count):
        print(f"{profile.name:<{width}}  {settings.student_count:>7,} students  {profile.description}")
