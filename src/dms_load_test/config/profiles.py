"""Profiles: named sets of settings, one dotenv file each.

A profile is `.env.profiles/NAME.env` in the project folder, or one that comes with the package; the folder's wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

DEFAULT_PROFILE = "dev"
FOLDER = ".env.profiles"
_SUFFIX = ".env"
_CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile's name, its file's text, where that is, and its first comment line."""

    name: str
    path: str
    text: str

    @property
    def description(self) -> str:
        """The comment on the file's first line, or nothing."""
        first = self.text.partition("\n")[0].strip()
        return first.lstrip("# ") if first.startswith("#") else ""


def list_profiles(directory: Path) -> tuple[Profile, ...]:
    """Return the profiles that a run in `directory` can choose from, by name.

    Raises: ConfigError if a profile's file cannot be read.
    """
    found = dict(_entries(_installed())) | dict(_entries(directory / FOLDER))
    return tuple(_read(name, found[name]) for name in sorted(found))


def find_profile(name: str, directory: Path) -> Profile:
    """Return the profile called `name`. Raises: ConfigError naming those that exist."""
    found = dict(_entries(_installed())) | dict(_entries(directory / FOLDER))
    if name not in found:
        near = get_close_matches(name, found, n=1)
        hint = f"did you mean {near[0]}? There" if near else "there"
        raise ConfigError(
            f'profile "{name}": no such profile; {hint} are: {", ".join(sorted(found))}.'
            f" Add {directory / FOLDER / (name + _SUFFIX)} to make it."
        )
    return _read(name, found[name])


def _installed() -> Traversable:
    """Return the profiles' folder: in an installed package, or that of the checkout which an editable one runs from."""
    packaged = files("dms_load_test") / "profiles"
    return packaged if packaged.is_dir() else _CHECKOUT / FOLDER


def _entries(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.name.endswith(_SUFFIX) and entry.name != _SUFFIX:
                yield entry.name.removesuffix(_SUFFIX), entry


def _read(name: str, entry: Traversable) -> Profile:
    return Profile(name, str(entry), read_text(entry))


def read_text(entry: Traversable) -> str:
    """Return a settings file's text. Raises: ConfigError if it cannot be read or is no UTF-8."""
    try:
        return entry.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{entry}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{entry}: is no UTF-8 text; save it as UTF-8") from error
