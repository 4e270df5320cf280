"""Descriptors that a run creates: those the target lacks and, where chosen as resources, values of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.generators.rule import Rule
from dms_load_test.generators.vocabulary import OWN, namespace_of

if TYPE_CHECKING:
    from dms_load_test.edfi.schema import ResourceSchema
    from dms_load_test.generators.meaning import Meaning
    from dms_load_test.generators.rule import Document
    from dms_load_test.generators.world import World

OWN_VALUES = 2
"""Values of our own of a descriptor that is chosen as a resource."""
_ALWAYS = ("namespace", "codeValue", "shortDescription", "description")
_CODE_LENGTH = 50
_SHORT_LENGTH = 75


def descriptor_rule(world: World, schema: ResourceSchema, meaning: Meaning) -> Rule:
    """Return the rule of one descriptor: what the target lacks first, then values that belong to this run."""
    leaves = {leaf.name: leaf for leaf in schema.body.leaves}
    told = "description" in leaves
    required = {
        name: pool[0]
        for name, leaf in leaves.items()
        if leaf.required and name not in _ALWAYS and (pool := meaning.pool(leaf))
    }
    lacking = world.words.to_create.get(schema.name, ())
    namespace = namespace_of(schema.name)

    def document(ordinal: int) -> Document:
        own = ordinal - len(lacking)
        code = lacking[ordinal] if own < 0 else f"{OWN}{world.identity.run}-{own + 1}"
        body = {"namespace": namespace, "codeValue": code[:_CODE_LENGTH], "shortDescription": code[:_SHORT_LENGTH]}
        body |= required
        if own >= 0 and told:
            body["description"] = f"{code}, made by a load test; nothing else uses it"
        return body

    return Rule(document, change=_describe if told else None, growable=True)


def _describe(document: Document, revision: int) -> None:
    document["description"] = f"{document['shortDescription']}, revision {revision}"
