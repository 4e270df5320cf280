"""A virtual user without a network: an API in a dict, an inventory in a list."""

from collections import Counter, defaultdict
from dataclasses import replace
from random import Random

import msgspec
import pytest

from dms_load_test.config import Settings
from dms_load_test.load.virtual_user import Reply
from dms_load_test.scenarios import Workload


class FakeEntry:
    def __init__(self, resource, ordinal, document_id):
        self.resource, self.ordinal, self.document_id = resource, ordinal, document_id


class FakeInventory:
    def __init__(self):
        self.free = defaultdict(list)
        self.taken = []
        self.apart = []

    def add(self, resource, ordinal, document_id, *, created=True):
        self.free[resource].append(FakeEntry(resource, ordinal, document_id))

    def add_taken(self, resource, ordinal, document_id, *, created=True):
        entry = FakeEntry(resource, ordinal, document_id)
        self.taken.append(entry)
        return entry

    def add_apart(self, resource, ordinal, document_id, *, created=True):
        self.apart.append(FakeEntry(resource, ordinal, document_id))

    def take_ordinal(self, resource, ordinal):
        entry = next((entry for entry in self.free[resource] if entry.ordinal == ordinal), None)
        if entry is not None:
            self.free[resource].remove(entry)
            self.taken.append(entry)
        return entry

    def count(self, resource):
        return len(self.free[resource])

    def take(self, resource, random):
        if not self.free[resource]:
            return None
        entry = self.free[resource].pop(random.randrange(len(self.free[resource])))
        self.taken.append(entry)
        return entry

    def give_back(self, entry):
        self.taken.remove(entry)
        self.free[entry.resource].append(entry)

    def remove(self, entry):
        for kept in (self.taken, self.apart):
            kept[:] = [one for one in kept if (one.resource, one.ordinal) != (entry.resource, entry.ordinal)]


class FakeDocuments:
    """Three resources: parents, which children refer to, and notes, which nothing refers to and no one may change."""

    growable = frozenset({"children", "notes"})
    updatable = frozenset({"parents", "children"})

    def __init__(self, counts):
        self.counts = counts
        self.roots = {}

    def document(self, resource, ordinal):
        return {"key": f"{resource}-{ordinal}", "text": "as made"}

    def payload(self, resource, ordinal):
        return msgspec.json.encode(self.document(resource, ordinal))

    def natural_key(self, resource, ordinal):
        return {"key": f"{resource}-{ordinal}"}

    def changed(self, resource, ordinal, revision):
        return {**self.document(resource, ordinal), "text": f"revision {revision}"}


_PAGING = frozenset({"limit", "offset", "totalCount", "pageToken", "pageSize", "number"})


class FakeApi:
    def __init__(self):
        self.documents = {}
        self.versions = Counter()
        self.calls = []
        self.refuse = set()
        self.refusal = 500
        self.garble = lambda page: page

    def _reply(self, operation, status, body=b"", document_id=""):
        self.calls.append(operation)
        if operation in self.refuse:
            return Reply(self.refusal, ok=False, headers={}, body=b"")
        return Reply(status, ok=status < 400, headers={}, body=body, document_id=document_id)

    async def get(self, url, operation="metadata", resource=""):
        return self._reply("get", 200, b'{"urls": {}}')

    async def create(self, resource, body, ordinal=-1):
        document_id = f"{resource}/{ordinal if ordinal >= 0 else f'new-{len(self.documents)}'}"
        if "create" not in self.refuse:
            self.documents[document_id] = {**msgspec.json.decode(body), "id": document_id}
        return self._reply("create", 201, document_id=document_id)

    async def read(self, resource, document_id, *, expect=200, operation="read"):
        known = document_id in self.documents
        reply = self._reply(operation, 200 if known else 404, msgspec.json.encode(self.documents.get(document_id)))
        headers = {"etag": self._etag(document_id)}
        return Reply(reply.status, ok=reply.status == expect, headers=headers, body=reply.body)

    def _etag(self, document_id):
        return f"{document_id} {self.versions[document_id]}"

    async def query(self, resource, params, *, part="", operation="query"):
        filters = {name: value for name, value in params.items() if name not in _PAGING}
        found = [
            document
            for document_id, document in self.documents.items()
            if document_id.startswith(resource) and all(document.get(name) == v for name, v in filters.items())
        ]
        if part == "partitions":
            tokens = [f"{first} {first + len(found) // 2 + 1}" for first in (0, len(found) // 2 + 1)]
            return self._reply(operation, 200, msgspec.json.encode({"pageTokens": tokens}))
        size = params.get("pageSize", params.get("limit", 500))
        first, end = map(int, params.get("pageToken", f"{params.get('offset', 0)} {len(found)}").split())
        page = found[first : min(first + size, end)]
        reply = self._reply(operation, 200, msgspec.json.encode(self.garble(page)))
        headers = {"total-count": str(len(found))}
        if first + size < end:
            headers["next-page-token"] = f"{first + size} {end}"
        return Reply(reply.status, ok=reply.ok, headers=headers, body=reply.body)

    async def update(self, resource, document_id, body, ordinal=-1, *, if_match="", expect=(200, 204)):
        if if_match and if_match != self._etag(document_id):
            return Reply(412, ok=412 in expect, headers={}, body=b"")
        if "update" not in self.refuse:
            self.documents[document_id] = msgspec.json.decode(body)
            self.versions[document_id] += 1
        reply = self._reply("update", 204)
        return Reply(reply.status, ok=reply.ok, headers={"etag": self._etag(document_id)}, body=reply.body)

    async def delete(self, resource, document_id):
        if "delete" not in self.refuse:
            del self.documents[document_id]
        return self._reply("delete", 204)


class FakeUser:
    def __init__(self, documents=None, seed=1):
        self.number = 0
        self.iteration = 0
        self.api = FakeApi()
        self.generate = documents
        self.inventory = FakeInventory()
        self.random = Random(seed)
        self.checks = {}
        self.drops = []
        self.thoughts = []
        self.counts = Counter()
        self.times = defaultdict(list)
        self.violations = []
        self._next = defaultdict(lambda: 1000)

    def check(self, name, passed):
        self.checks[name] = self.checks.get(name, True) and passed
        return passed

    def count(self, name, amount=1, *, kind=""):
        self.counts[name, kind] += amount

    def observe(self, name, milliseconds, *, kind=""):
        self.times[name, kind].append(milliseconds)

    def violation(self, found):
        self.violations.append(found)

    def clock_s(self):
        return 0.0

    async def batch(self, requests):
        return [await request(self.api) for request in requests]

    async def pace(self, seconds):
        self.thoughts.append(seconds)

    def drop(self, reason):
        self.drops.append(reason)

    def next_ordinal(self, resource):
        self._next[resource] += 1
        return self._next[resource]

    async def think(self, seconds):
        self.thoughts.append(seconds)


class FakeGraph:
    """children refer to parents; notes to nothing."""

    def levels(self, resources):
        return tuple(level for level in (("parents", "notes"), ("children",)) if set(level) & set(resources))

    def referrers(self, resource):
        return frozenset({"children"}) if resource == "parents" else frozenset()


SETTINGS = Settings.model_validate(
    {
        "vus_load_phase": 3,
        "vus_readwrite_phase": 2,
        "duration_load_phase": 60.0,
        "duration_readwrite_phase": 30.0,
        "think_time_min": 0.5,
        "think_time_max": 2.0,
        "thresholds_smoke": (),
        "thresholds_load": ("http_req_duration: p(95)<5000",),
        "thresholds_readwrite": (),
        "audit_ratio": 0.0,
    }
)


@pytest.fixture
def documents():
    return FakeDocuments({"parents": 4, "notes": 2, "children": 9})


@pytest.fixture
def user(documents):
    return FakeUser(documents)


@pytest.fixture
def workload(documents):
    return Workload(SETTINGS, FakeGraph(), documents, seed=7)


@pytest.fixture
def with_settings(workload):
    """The workload with some settings set otherwise."""

    def changed(**settings):
        return replace(workload, settings=SETTINGS.model_copy(update=settings))

    return changed
