"""How the two servers that speak the Ed-Fi API differ, as one value each: DMS and ODS/API version 7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dms_load_test.emulator.ids import format_id, format_plain_id, parse_id, parse_plain_id

if TYPE_CHECKING:
    from collections.abc import Callable

FlavorName = Literal["dms", "ods"]


@dataclass(frozen=True, slots=True)
class Flavor:
    """`data_path` is where resources are; `live_tokens` how many a client may have, `None` for any number.

    `folds_names`: names of members are accepted in any case. `repeats_id`: the body of a PUT has to hold the id.
    """

    name: FlavorName
    api_version: str
    data_path: str
    default_page: int
    live_tokens: int | None
    format_id: Callable[[bytes], str]
    parse_id: Callable[[str], bytes | None]
    folds_names: bool
    repeats_id: bool


DMS = Flavor(
    name="dms",
    api_version="8.0.0",
    data_path="/data",
    default_page=500,
    live_tokens=None,
    format_id=format_id,
    parse_id=parse_id,
    folds_names=False,
    repeats_id=True,
)
ODS = Flavor(
    name="ods",
    api_version="7.3",
    data_path="/data/v3",
    default_page=25,
    live_tokens=15,
    format_id=format_plain_id,
    parse_id=parse_plain_id,
    folds_names=True,
    repeats_id=False,
)
FLAVORS = {flavor.name: flavor for flavor in (DMS, ODS)}
