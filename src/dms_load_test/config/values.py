"""How one setting is written and read: the types of `Settings`, each with what a user is told to write.

A type carries marks for readers of the table: `Expected` (what to write, shown when a value is refused), `Unit`, and
`Separator` where several values are not told apart by blanks. Texts come from files, flags and the environment; values
of the right type pass as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.thresholds import parse_threshold

_SECONDS = {"d": Decimal(86_400), "h": Decimal(3_600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
_NUMBER = r"\d+(?:\.\d+)?"
_DURATION = re.compile("".join(rf"(?:({_NUMBER}){unit})?" for unit in _SECONDS), re.ASCII)
_PLAIN = re.compile(_NUMBER, re.ASCII)
_MAX_SEED = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""
_MAX_ORGANIZATION = 2**31 - 1
_MOST = 1_000_000_000
"""More documents or users than any load has: sums and products of such numbers still fit into 64 bits."""
_HIGHEST_RATE = 1_000_000
_LONGEST_S = 366 * 86_400
_FIRST_ABORTING, _LAST_ABORTING = 400, 499


@dataclass(frozen=True, slots=True)
class Expected:
    """What a user has to write, as the end of the sentence "expected ..."."""

    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """What one of the number is."""

    text: str


@dataclass(frozen=True, slots=True)
class Separator:
    """What is written between two values."""

    text: str


class UnfitError(ValueError):
    """A value is wrong for a reason that says more than what was expected."""


def parse_duration(text: str) -> float:
    """Return the seconds of `1h30m`, `5m`, `30s`, `250ms` or plain seconds (`30`, `0.5`).

    Raises: ValueError if it is none of these.
    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return float(text)
    match = _DURATION.fullmatch(text)
    if not text or not match:
        raise ValueError(f'"{text}" is no duration; write 30s, 5m or 1h30m')
    parts = zip(match.groups(), _SECONDS.values(), strict=True)
    return float(sum(Decimal(number) * seconds for number, seconds in parts if number))


def duration_text(seconds: float) -> str:
    """Write a duration as `parse_duration` reads it, exactly: 5400.0 -> `1h30m`, 0.25 -> `0.25s`."""
    rest = Decimal(repr(seconds))
    parts = []
    for unit in ("h", "m"):
        count, rest = divmod(rest, _SECONDS[unit])
        parts += [f"{count:f}{unit}"] if count else []
    if rest or not parts:
        text = f"{rest:f}"
        parts.append(f"{text.rstrip('0').rstrip('.') if '.' in text else text}s")
    return "".join(parts)


def _from_text(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _not_empty(value: Any) -> Any:
    if value == "":
        raise ValueError(value)
    return value


def _list_of(separator: str) -> BeforeValidator:
    def split(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in re.split(separator, value) if part.strip())

    return BeforeValidator(split)


def _checked_thresholds(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        for text in texts:
            parse_threshold(text)
    except ConfigError as error:
        raise UnfitError(str(error)) from error
    return texts


def _checked_url(text: str) -> str:
    parts = urlsplit(text)
    usable = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment)
    # `port` raises ValueError itself where it is no number from 0 to 65535.
    if not usable or parts.port == 0 or parts.username is not None or re.search(r"\s|[^\x00-\x7f]", text):
        raise ValueError(text)
    return text


def _checked_statuses(statuses: tuple[int, ...]) -> tuple[int, ...]:
    if not all(_FIRST_ABORTING <= status <= _LAST_ABORTING for status in statuses):
        raise ValueError(statuses)
    return statuses


def _checked_ids(text: str) -> str:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= _MAX_ORGANIZATION):
        raise ValueError(text)
    return text


def _checked_mix(shares: tuple[int, ...]) -> tuple[int, ...]:
    if len(shares) != 4 or min(shares) < 0 or not sum(shares):  # noqa: PLR2004 - as many as there are operations
        raise ValueError(shares)
    return shares


def _checked_weights(texts: tuple[str, ...]) -> tuple[str, ...]:
    weights_of(texts)
    return texts


def weights_of(texts: tuple[str, ...]) -> dict[str, float]:
    """Return the weights that `students=5 grades=0.5` gives. Raises: ValueError if it is not of that form."""
    weights = {}
    for text in texts:
        name, equals, number = text.partition("=")
        if not name or not equals or not _PLAIN.fullmatch(number):
            raise ValueError(text)
        weights[name] = float(number)
    return weights


def _not_empty_list(values: tuple[int, ...]) -> tuple[int, ...]:
    if not values:
        raise ValueError(values)
    return values


_URL = "an http or https URL of ASCII letters without query, user name and password, such as https://host:8080/api"
_FILE = "the path of a file"

Url = Annotated[str, AfterValidator(_checked_url)]
OptionalUrl = Annotated[Url | None, BeforeValidator(_none_if_empty), Expected(_URL)]
Urls = Annotated[tuple[Url, ...], _list_of(r"[\s,]+"), Expected(f"URLs separated by blanks, each {_URL}")]
OptionalText = Annotated[str | None, BeforeValidator(_none_if_empty), Expected("a text")]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_empty), Expected("a text")]
Text = Annotated[str, BeforeValidator(_not_empty), Expected("a text")]
Words = Annotated[tuple[str, ...], _list_of(r"[\s,]+"), Expected("words separated by blanks")]
Statuses = Annotated[
    tuple[int, ...],
    _list_of(r"[\s,]+"),
    AfterValidator(_checked_statuses),
    Expected("statuses from 400 to 499 separated by commas, such as 401,409"),
]
Fullness = Annotated[Literal["none", "common", "all"], Expected("none, common or all")]
KeyPrefix = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9-]{0,8}$"),
    Expected("up to eight letters, digits and hyphens, such as LT-"),
]
OrganizationIds = Annotated[
    Annotated[str, AfterValidator(_checked_ids)] | None,
    BeforeValidator(_none_if_empty),
    Expected(f"two whole numbers from 1 to {_MAX_ORGANIZATION} with a hyphen, such as 990000000-999999999"),
]
OptionalFile = Annotated[Path | None, BeforeValidator(_none_if_empty), Expected(_FILE)]
Folder = Annotated[Path, BeforeValidator(_not_empty), Expected("the path of a folder")]
Switch = Annotated[bool, Expected("true or false")]
Count = Annotated[int, Field(ge=1, le=_MOST), Expected(f"a whole number from 1 to {_MOST}, such as 10")]
OptionalSeed = Annotated[
    Annotated[int, Field(ge=0, le=_MAX_SEED)] | None,
    BeforeValidator(_none_if_empty),
    Expected(f"a whole number from 0 to {_MAX_SEED}"),
]
Workers = Annotated[str, Field(pattern=r"^([1-9]\d{0,4}|auto)$"), Expected("a whole number from 1 to 99999, or auto")]
OptionalScheduler = Annotated[
    Annotated[str, Field(pattern=r"^(tcp|tls|ws|wss|ucx)://\S+:\d+$")] | None,
    BeforeValidator(_none_if_empty),
    Expected("the address of a Dask scheduler, such as tcp://host:8786"),
]
WorkerLoss = Annotated[Literal["continue", "stop"], Expected("continue or stop")]
SchoolYear = Annotated[int, Field(ge=2000, le=2080), Expected("a year from 2000 to 2080"), Unit("year of its end")]
Mix = Annotated[
    tuple[int, ...],
    _list_of(r"[\s,]+"),
    AfterValidator(_checked_mix),
    Expected("four whole numbers, not all 0, such as 50,20,20,10"),
]
Weights = Annotated[
    tuple[str, ...],
    _list_of(r"[\s,]+"),
    AfterValidator(_checked_weights),
    Expected("resources with numbers of 0 or more, such as students=5 grades=0.5"),
]
Sizes = Annotated[
    tuple[Annotated[int, Field(ge=1, le=_MOST)], ...],
    _list_of(r"[\s,]+"),
    AfterValidator(_not_empty_list),
    Expected(f"whole numbers from 1 to {_MOST}, such as 25,100"),
]
Popularity = Annotated[Literal["uniform", "zipf"], Expected("uniform or zipf")]
ArrivalRate = Annotated[
    float,
    Field(ge=0, le=_HIGHEST_RATE, allow_inf_nan=False),
    Expected(f"a number from 0 to {_HIGHEST_RATE}, such as 1000"),
    Unit("operations a second"),
]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Expected("a number from 0 to 1, such as 0.01")]
Amount = Annotated[
    float,
    Field(gt=0, le=_HIGHEST_RATE, allow_inf_nan=False),
    Expected(f"a number larger than 0, up to {_HIGHEST_RATE}, such as 2.5"),
]
_DURATION_TEXT = "up to 366d, such as 30s, 5m or 1h30m"
Duration = Annotated[
    float,
    BeforeValidator(_from_text),
    Field(gt=0, le=_LONGEST_S, allow_inf_nan=False),
    Expected(f"a duration longer than 0, {_DURATION_TEXT}"),
    Unit("duration"),
]
Pause = Annotated[
    float,
    BeforeValidator(_from_text),
    Field(ge=0, le=_LONGEST_S, allow_inf_nan=False),
    Expected(f"a duration of 0 or more, {_DURATION_TEXT}"),
    Unit("duration"),
]
Thresholds = Annotated[
    tuple[str, ...],
    _list_of(";"),
    Separator("; "),
    AfterValidator(_checked_thresholds),
    Expected("thresholds separated by semicolons, such as http_req_duration: p(95)<5000; http_req_failed: rate<0.05"),
]
