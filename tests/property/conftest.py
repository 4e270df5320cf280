"""A checker of generated documents that shares no code with generators or emulator."""

import re
from datetime import date, datetime

import pytest

from dms_load_test.edfi.schema import Collection, Leaf, Reference

FORMATS = {
    "date": date.fromisoformat,
    "time": lambda text: datetime.strptime(text, "%H:%M:%S").astimezone(),
    "date-time": lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").astimezone(),
}
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
ORDERED = (
    ("beginDate", "endDate"),
    ("effectiveBeginDate", "effectiveEndDate"),
    ("startTime", "endTime"),
    ("startDate", "endDate"),
    ("entryDate", "exitWithdrawDate"),
    ("hireDate", "endDate"),
    ("administrationDate", "administrationEndDate"),
    ("issuanceDate", "expirationDate"),
    ("birthDate", "dateEnteredUS"),
    ("birthDate", "beginDate"),
)


def values_at(body, path):
    """All values at a path whose collections are marked by [*]."""
    if not path:
        return [body]
    name, rest = path[0].removesuffix("[*]"), path[1:]
    if not isinstance(body, dict) or name not in body:
        return []
    if isinstance(body[name], list):
        return [value for item in body[name] for value in values_at(item, rest)]
    return values_at(body[name], rest)


def at_path(document, path):
    return values_at(document, path.removeprefix("$.").split("."))


def references_in(node, body):
    for reference in node.references:
        if reference.name in body:
            yield reference, body[reference.name]
    for inline in node.objects:
        if inline.name in body:
            yield from references_in(inline.node, body[inline.name])
    for collection in node.collections:
        for item in body.get(collection.name, ()):
            yield from references_in(collection.item, item)


class Checker:
    """Checks the documents of one model. `uris`: the target's descriptor values."""

    def __init__(self, model, uris, documents):
        self.model = model
        self.uris = {name: set(values) for name, values in uris.items()}
        self.documents = documents
        created = {model.resources[name].name for name in documents.counts if model.resources[name].is_descriptor}
        for name in created:
            endpoint = model.descriptors.get(name)
            if endpoint in documents.counts:
                made = (documents.document(endpoint, n) for n in range(documents.counts[endpoint]))
                self.uris.setdefault(name, set()).update(f"{d['namespace']}#{d['codeValue']}" for d in made)
        self.rank = {}
        self.keys = {}

    def problems(self, levels, ordinals=lambda _, count: range(count)):
        """What is wrong with the documents at `ordinals`; natural keys are compared over all planned ones."""
        for number, names in enumerate(levels):
            self.rank |= dict.fromkeys(names, number)
        for resource, count in self.documents.counts.items():
            yield from self._collect(resource, count)
        for resource, count in self.documents.counts.items():
            schema = self.model.resources[resource]
            for ordinal in ordinals(resource, count):
                document = self.documents.document(resource, ordinal)
                for problem in (
                    *self.document_problems(schema, document),
                    *self.reference_problems(schema, document, ordinal),
                ):
                    yield f"{resource} {ordinal} {problem}"

    def _collect(self, resource, count):
        schema = self.model.resources[resource]
        found = {}
        for ordinal in range(count):
            document = self.documents.document(resource, ordinal)
            found.setdefault(tuple(at_path(document, path)[0] for path in schema.identity), ordinal)
        if len(found) < count:
            yield f"{resource}: {count - len(found)} natural keys collide"
        self.keys[resource] = found

    def document_problems(self, schema, document):
        yield from self.node_problems(schema.body, document)
        for left, right in schema.equal:
            values = {str(value) for path in (left, right) for value in at_path(document, path)}
            if len(values) > 1:
                yield f"{left} and {right}: differ: {values}"

    def reference_problems(self, schema, document, ordinal):
        for reference, body in references_in(schema.body, document):
            found = [place for name in self.model.targets(reference) if (place := self._find(reference, body, name))]
            if not found:
                yield f"{reference.name}: {body} is not planned"
            elif not any(
                self.rank[name] < self.rank[schema.resource] or (name == schema.resource and at < ordinal)
                for name, at in found
            ):
                yield f"{reference.name}: {body} comes later"

    def _find(self, reference, body, name):
        if name not in self.keys:
            return None
        target = self.model.resources[name]
        renamed = target.superclass_identity if reference.target != name else ""
        at = {(target.identity[0] if renamed else path): body[leaf] for leaf, path in reference.keys.items()}
        missing = [path for path in target.identity if path not in at]
        for path in missing:
            twin = next(
                (other for pair in target.equal for one, other in (pair, pair[::-1]) if one == path and other in at),
                None,
            )
            if twin is None:
                return None
            at[path] = at[twin]
        ordinal = self.keys[name].get(tuple(at[path] for path in target.identity))
        return None if ordinal is None else (name, ordinal)

    def node_problems(self, node, body, at="$"):
        members = {
            member.name: member
            for part in (node.leaves, node.references, node.objects, node.collections)
            for member in part
        }
        if not body:
            yield f"{at}: is empty"
        for name in body.keys() - members.keys():
            yield f"{at}.{name}: there is no such member"
        for name, member in members.items():
            if name in body:
                yield from self._member_problems(member, body[name], f"{at}.{name}")
            elif member.required:
                yield f"{at}.{name}: is required"
        for first, last in ORDERED:
            if first in body and last in body and body[first] > body[last]:
                yield f"{at}: {first} {body[first]} is after {last} {body[last]}"

    def _member_problems(self, member, value, at):
        if isinstance(member, Leaf):
            yield from (f"{at}: {problem}" for problem in self.leaf_problems(member, value))
        elif isinstance(member, Reference):
            leaves = {leaf.name: leaf for leaf in member.leaves}
            if value.keys() != leaves.keys():
                yield f"{at}: has {sorted(value)}, needs {sorted(leaves)}"
            for leaf in leaves.keys() & value.keys():
                yield from (f"{at}.{leaf}: {problem}" for problem in self.leaf_problems(leaves[leaf], value[leaf]))
        elif isinstance(member, Collection):
            yield from self.collection_problems(member, value, at)
        else:
            yield from self.node_problems(member.node, value, at)

    def collection_problems(self, collection, items, at):
        if len(items) < max(1, collection.min_items):
            yield f"{at}: has {len(items)} items"
        keys = [str([values_at(item, path.split(".")) for path in collection.key] or item) for item in items]
        if len(set(keys)) < len(keys):
            yield f"{at}: has equal items"
        for item in items:
            yield from self.node_problems(collection.item, item, f"{at}[*]")

    def leaf_problems(self, leaf, value):
        if not isinstance(value, KINDS[leaf.kind]) or (isinstance(value, bool) and leaf.kind != "boolean"):
            yield f"is {value!r}, no {leaf.kind}"
        elif leaf.kind == "string":
            yield from self._text_problems(leaf, value)
        elif leaf.kind in {"integer", "number"}:
            yield from self._number_problems(leaf, value)

    def _text_problems(self, leaf, value):
        if leaf.descriptor and value not in self.uris.get(leaf.descriptor, ()):
            yield f"is {value}, no {leaf.descriptor}"
        if not (leaf.min_length or 0) <= len(value) <= (leaf.max_length or len(value)):
            yield f"has {len(value)} characters: {value}"
        if value != value.strip() or not value:
            yield f"has blanks at an edge or is empty: {value!r}"
        if leaf.enum and value not in leaf.enum:
            yield f"is {value}, not in {leaf.enum}"
        if leaf.pattern and not re.search(leaf.pattern, value):
            yield f"is {value}, not like {leaf.pattern}"
        if leaf.format in FORMATS:
            try:
                FORMATS[leaf.format](value)
            except ValueError:
                yield f"is {value}, no {leaf.format}"

    def _number_problems(self, leaf, value):
        for low, high in ((leaf.minimum, leaf.maximum), leaf.suggested):
            if (low is not None and value < low) or (high is not None and value > high):
                yield f"is {value}, not within {low} to {high}"
        if leaf.digits:
            whole, _, fraction = repr(float(value)).partition(".")
            if len(fraction.rstrip("0")) > leaf.digits[1] or len(whole.lstrip("-")) > leaf.digits[0] - leaf.digits[1]:
                yield f"is {value}, more than {leaf.digits} digits"
        if leaf.format == "int32" and not -(2**31) <= value < 2**31:
            yield f"is {value}, no int32"


@pytest.fixture(scope="session")
def checker():
    return Checker
