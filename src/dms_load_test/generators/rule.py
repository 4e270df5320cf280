"""How the documents of one resource are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """The documents of one resource as functions of their ordinal.

    `change(document, revision)` changes, in place, a member that is not part of the natural key, otherwise for every
    revision from 1; None where the resource has no such member. `growable`: ordinals beyond the planned count are valid
    too, make new natural keys and refer to planned documents only. `shares`: what `document` returns may hold parts
    that other documents hold too; who changes it copies it first.
    """

    document: Callable[[int], Document]
    change: Callable[[Document, int], None] | None = None
    growable: bool = False
    shares: bool = False


def value_of(document: Document, names: tuple[str, ...]) -> Any:
    """Return what is at a place of a document that has it: `("schoolReference", "schoolId")`."""
    value: Any = document
    for name in names:
        value = value[name]
    return value


def annotate(member: str, text: str) -> Callable[[Document, int], None]:
    """Change a text member to `text` and the revision: `Note 3`."""

    def change(document: Document, revision: int) -> None:
        document[member] = f"{text} {revision}"

    return change


def extend(member: str, note: str) -> Callable[[Document, int], None]:
    """Change a text member that the document has by a note after it: `Algebra I, Period 2 (revision 3)`."""

    def change(document: Document, revision: int) -> None:
        document[member] = f"{document[member]} ({note} {revision})"

    return change


def raise_by(member: str, step: int = 1) -> Callable[[Document, int], None]:
    """Change a whole number that the document has: `step` more with each revision."""

    def change(document: Document, revision: int) -> None:
        document[member] += step * revision

    return change


def new_extension(collection: str) -> Callable[[Document, int], None]:
    """Change the first telephone number of a collection: its extension is the revision."""

    def change(document: Document, revision: int) -> None:
        telephone = document[collection][0]
        telephone["telephoneNumber"] = f"{telephone['telephoneNumber']} x{revision}"

    return change


def leave_after(begin: str) -> Callable[[Document, int], None]:
    """Let what began on `begin` end as many days later as the revision says."""

    def change(document: Document, revision: int) -> None:
        document["endDate"] = (date.fromisoformat(document[begin]) + timedelta(days=revision)).isoformat()

    return change
