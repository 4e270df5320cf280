"""What a query by natural key tells: which of the documents that were asked for the target has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from dms_load_test.load.virtual_user import Reply


class _Found(msgspec.Struct):
    id: str


def ids_in(resource: str, reply: Reply) -> list[str]:
    """Return the ids of the documents in the answer to a query; none where it was refused.

    Raises:
        TargetError: It is no list of documents.
    """
    if not reply.ok:
        return []
    try:
        return [document.id for document in msgspec.json.decode(reply.body, type=list[_Found])]
    except (ValueError, RecursionError):
        raise TargetError(
            f"{resource}: a query was answered {reply.status} without a list of documents that have ids; "
            "look whether something on the way, such as a proxy, answers in the API's place"
        ) from None
