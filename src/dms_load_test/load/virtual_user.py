"""What an iteration is given: the virtual user and the Ed-Fi verbs, as ports that `engine` and `results` fill.

A failed request is a `Reply` with `ok` false, never an exception. `Inventory` knows the documents that a run created
and the server still has; documents are chosen for exclusive use so that two users never update or delete the same one
at the same time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from random import Random

    from dms_load_test.generators import Documents
    from dms_load_test.load.pause import Pause


CREATED = 201
"""The answer to a POST that made a document; 200 is that of one which was there."""


T = TypeVar("T")
WRITTEN = frozenset({200, 204})
ANSWERED = frozenset({200, 201, 204})


class Violation(NamedTuple):
    """An acknowledged write that the target did not keep. `kind`: lost, changed, duplicated or resurrected."""

    kind: str
    resource: str
    document_id: str
    ordinal: int
    detail: str


class Reply:
    """The answer to one operation, after retries."""

    __slots__ = ("_body", "_document_id", "_headers", "error", "ok", "status")

    def __init__(
        self, status: int, *, ok: bool, headers: Mapping[str, str], body: bytes, document_id: str = "", error: str = ""
    ) -> None:
        self.status = status
        self.ok = ok
        self._headers: Mapping[str, str] | None = headers
        self._body: bytes | None = body
        self._document_id: str | None = document_id
        self.error = error

    @property
    def document_id(self) -> str:
        """The document's id: that of the request, or else from Location; empty where there is none."""
        return self._document_id or ""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with lower-case names."""
        return self._headers or {}

    @property
    def body(self) -> bytes:
        """The body, without its encoding. Raises: ValueError: its compression is damaged."""
        return self._body or b""

    def json(self) -> Any:
        """Return the decoded body. Raises: ValueError if it is no JSON."""
        import msgspec  # noqa: PLC0415 - asked for by checks only

        try:
            return msgspec.json.decode(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class Api(Protocol):
    """The Ed-Fi verbs. Bodies are JSON bytes; `ordinal` only labels a failure's example."""

    async def create(self, resource: str, body: bytes, ordinal: int = -1) -> Reply:
        """POST a document: 201, or 200 where its natural key existed."""

    async def read(self, resource: str, document_id: str, *, expect: int = 200, operation: str = "read") -> Reply:
        """GET one document by id; `expect=404` where it must be gone, so that this answer is the one that is ok.

        It counts as `operation`, which is one of `sample.OPERATIONS`.
        """

    async def query(
        self, resource: str, params: Mapping[str, str | int], *, part: str = "", operation: str = "query"
    ) -> Reply:
        """GET a page of documents that match `params`.

        With `part` (`partitions`, `deletes`, `keyChanges`) that of the resource; it counts as `students/deletes`.
        """

    async def update(
        self,
        resource: str,
        document_id: str,
        body: bytes,
        ordinal: int = -1,
        *,
        if_match: str = "",
        expect: Collection[int] = WRITTEN,
    ) -> Reply:
        """PUT a document; `body` holds the same id. `if_match`: the ETag that it must still have, else 412."""

    async def delete(self, resource: str, document_id: str) -> Reply:
        """DELETE one document by id."""

    async def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = ANSWERED,
        resource: str = "",
    ) -> Reply:
        """Send any request but HEAD to any URL of the target, absolute or below the base URL, with the token.

        It counts as operation `request` on `resource`; statuses in `expect` are ok. `headers` replace the usual ones of
        the same name; token and length are not to be among them.
        """

    async def get(self, url: str, operation: str = "metadata", resource: str = "") -> Reply:
        """GET any URL of the target, absolute or below the base URL, with the token."""


class Entry(Protocol):
    """One created document of the inventory."""

    @property
    def resource(self) -> str:
        """The resource's name."""

    @property
    def ordinal(self) -> int:
        """The ordinal it was generated from."""

    @property
    def document_id(self) -> str:
        """The server's id, in the server's own spelling."""


class Inventory(Protocol):
    """The created documents, by resource."""

    def add(self, resource: str, ordinal: int, document_id: str, *, created: bool = True) -> None:
        """Remember an acknowledged create; `created` is false where the document was there before (status 200)."""

    def add_taken(self, resource: str, ordinal: int, document_id: str, *, created: bool = True) -> Entry:
        """Remember an acknowledged create for exclusive use, to be given back or removed."""

    def add_apart(self, resource: str, ordinal: int, document_id: str, *, created: bool = True) -> None:
        """Remember an acknowledged create of something else than the ordinal's document: cleaned up, never taken."""

    def count(self, resource: str) -> int:
        """Return how many documents of `resource` exist and are not taken."""

    def take(self, resource: str, random: Random) -> Entry | None:
        """Choose a document at random for exclusive use; None where all are taken or there is none."""

    def take_ordinal(self, resource: str, ordinal: int) -> Entry | None:
        """Take one document for exclusive use; None where it is taken or does not exist."""

    def give_back(self, entry: Entry) -> None:
        """End the exclusive use of a document that still exists."""

    def remove(self, entry: Entry) -> None:
        """Forget a taken document that the server has deleted."""


class VirtualUser(Protocol):
    """One simulated client: its own connection and dice, the run's shared token, data and inventory."""

    number: int
    """Counts from 0 within the run, over all shards."""
    iteration: int
    """The number of the current iteration within its step, over all users and shards; from 0."""
    api: Api
    generate: Documents
    inventory: Inventory
    random: Random

    def check(self, name: str, passed: bool) -> bool:  # noqa: FBT001 - reads as in k6: check("gone", reply.status == 404)
        """Count a check and return its result."""

    def count(self, name: str, amount: int = 1, *, kind: str = "") -> None:
        """Add to a counter that the phase names among its `counters`; `kind` is from a few."""

    def observe(self, name: str, milliseconds: float, *, kind: str = "") -> None:
        """Add a time to a trend that the phase names among its `trends`; `kind` is from a few."""

    def violation(self, found: Violation) -> None:
        """Report an acknowledged write that the target did not keep: `integrity_violations`."""

    def drop(self, reason: str) -> None:
        """Count the current iteration as dropped: it was planned, and nothing could be sent for it."""

    def next_ordinal(self, resource: str) -> int:
        """Return an ordinal of `resource` that this run has not used: they continue after the planned ones."""

    def clock_s(self) -> float:
        """Return the time (s) of a clock that only goes forward, to take differences of."""

    async def batch(self, requests: Sequence[Callable[[Api], Awaitable[T]]]) -> list[T]:
        """Do things at the same time, each with verbs on a connection of its own; return what they return, in order.

        `await vu.batch([lambda api: api.read("students", one), lambda api: api.read("students", other)])`
        """

    async def think(self, seconds: float | Pause) -> None:
        """Pause this user, for that long or for a time drawn with its dice: `await vu.think(Exponential(0.5))`."""

    async def pace(self, seconds: float | Pause) -> None:
        """Pause this user until its iteration has taken so long; not at all where it has already."""
