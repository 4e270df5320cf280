"""Entity tags: `{content version}-{schema epoch}.j._.l.i`, and the conditional request headers that compare them.

Source: DMS's ADR "ETag from content version". `j` is JSON, `_` no profile, `l` links in references, `i` no compression.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dms_load_test.edfi.schema import ApiModel

_VARIANT = ".j._.l.i"
_TAG = re.compile(r"(\d{1,19})-([0-9a-f]{8})(\.\S*)?", re.ASCII)


def schema_epoch(model: ApiModel) -> str:
    """Return eight hex digits that name the model: other resources or identities, another epoch."""
    facts = "\n".join(sorted(f"{schema.resource} {schema.identity}" for schema in model.resources.values()))
    return blake2b(facts.encode(), digest_size=4).hexdigest()


def etag(version: int, epoch: str) -> str:
    """Return the unquoted tag of a document's state."""
    return f"{version}-{epoch}{_VARIANT}"


def if_match_holds(header: str, version: int, epoch: str) -> bool:
    """Tell whether an `If-Match` header, quoted or not, names this state; weak tags never do."""
    return header.strip() == "*" or any(_state(tag) == (version, epoch) for tag in _tags(header))


def if_none_match_hits(header: str, version: int, epoch: str) -> bool:
    """Tell whether an `If-None-Match` header names this very representation."""
    return header.strip() == "*" or etag(version, epoch) in {tag.removeprefix("W/").strip('"') for tag in _tags(header)}


def _tags(header: str) -> Iterable[str]:
    return (tag.strip() for tag in header.split(","))


def _state(tag: str) -> tuple[int, str] | None:
    found = _TAG.fullmatch(tag.strip('"'))
    return (int(found[1]), found[2]) if found else None
