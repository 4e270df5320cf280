"""Which documents there are: for each resource a rule, and how many documents it makes.

A resource's rule is the user's own, else the district's if it fits the target and all that it refers to is there, else
the generic one. Resources are taken in the order of their dependencies, so that what a rule refers to is known to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from dms_load_test.edfi.dependencies import DependencyGraph
from dms_load_test.edfi.schema import walk_leaves
from dms_load_test.errors import ConfigError
from dms_load_test.generators.descriptors import OWN_VALUES, descriptor_rule
from dms_load_test.generators.district_axes import district_axes, homes
from dms_load_test.generators.fitting import fit
from dms_load_test.generators.generic import GenericResource, Surroundings, UnfillableError
from dms_load_test.generators.lineage import Ancestry, Made, arriving, itself, representatives
from dms_load_test.generators.meaning import Meaning
from dms_load_test.generators.rule import value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel, Reference, ResourceSchema
    from dms_load_test.generators.lineage import Axis, Key
    from dms_load_test.generators.options import DataOptions, Maker
    from dms_load_test.generators.rule import Document, Rule
    from dms_load_test.generators.world import World

_KEYS_KEPT = 1024
_ORGANIZATIONS = 2
"""Education organizations of each kind that the district does not have."""
_FEWEST = 10
_AGENCY, _SCHOOL = "localEducationAgencies", "schools"
_OF_THE_AGENCY = ("program", "intervention", "account", "fiscal", "cohort", "budget", "openStaff", "survey")
"""Words in the names of resources that belong to the agency rather than to a school."""
_USUAL = ("studentProgramAssociations",)


@dataclass(slots=True)
class Plan:
    """What is planned. `left_out`: resource -> why no document of it can be made; `roots`: see `Documents`."""

    rules: dict[str, Rule] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    roots: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


class Planner:
    """Plans the resources of one run, one after the other."""

    def __init__(self, model: ApiModel, world: World, options: DataOptions, district: Mapping[str, Maker]) -> None:
        self._model = model
        self._world = world
        self._options = options
        self._district = district
        self._graph = DependencyGraph.build(model, ())
        self._axes = district_axes(world)
        self._made: dict[str, Made] = {}
        self._whole: set[str] = set()
        """Resources whose documents are all those that the district's rules refer to."""
        self._chosen = frozenset(district) & model.resources.keys() if options.resources is None else options.resources
        self._broken = self._graph.broken(self._chosen)
        self._around = Surroundings(
            model, world.identity.run, world.seed, Meaning(world), options.optional, homes(world), self._targets
        )
        self.plan = Plan()

    def run(self) -> Plan:
        """Plan everything. Raises: ConfigError: more documents are asked for than there are natural keys."""
        for level in self._graph.levels(self._chosen):
            for resource in level:
                try:
                    made = self._make(self._model.resources[resource])
                except UnfillableError as error:
                    self.plan.left_out[resource] = str(error)
                    continue
                self._made[resource] = made
                self.plan.rules[resource] = made.rule
                self.plan.counts[resource] = made.count
        self._add_descriptors()
        return self.plan

    def _add_descriptors(self) -> None:
        """Plan the descriptors that the target has no values of, and that documents were given values of."""
        words, model = self._world.words, self._model
        used = {leaf.descriptor for name in self.plan.rules for _, leaf in walk_leaves(model.resources[name].body)}
        for name in sorted(used & words.asked_for & words.to_create.keys() & model.descriptors.keys()):
            schema = model.resources[model.descriptors[name]]
            if schema.resource not in self.plan.rules:
                made = self._make_descriptor(schema)
                self.plan.rules[schema.resource] = made.rule
                self.plan.counts[schema.resource] = made.count

    def _make(self, schema: ResourceSchema) -> Made:
        if schema.is_descriptor:
            return self._make_descriptor(schema)
        resource = schema.resource
        if resource in self._options.makers:
            return self._ruled(schema, self._options.makers[resource](self._world), self._count(resource))
        return self._make_district(schema) or self._make_generic(schema)

    def _make_descriptor(self, schema: ResourceSchema) -> Made:
        lacking = len(self._world.words.to_create.get(schema.name, ()))
        count = self._options.count_of(schema.resource)
        count = max(lacking, (lacking or OWN_VALUES) if count is None else count)
        return self._ruled(schema, descriptor_rule(self._world, schema, self._around.meaning), count)

    def _make_district(self, schema: ResourceSchema) -> Made | None:
        """Return the resource by the district's rule; None where that does not suit."""
        resource = schema.resource
        if resource not in self._district:
            return None
        planned, count = self._world.counts[resource], self._count(resource)
        rule = self._district[resource](self._world)
        if count > planned and not rule.growable:
            return None
        fitted = fit(rule, schema, min(count, planned), self._is_whole)
        if fitted is None:
            return None
        if count >= planned:
            self._whole.add(resource)
        return self._ruled(schema, fitted, count, self._axes.get(resource, {}))

    def _make_generic(self, schema: ResourceSchema) -> Made:
        generic = GenericResource(schema, self._around)
        given = self._options.count_of(schema.resource)
        if given is not None and given > generic.capacity:
            is_ranged = schema.superclass_identity and self._options.naming.organizations is not None
            more = "widen EDUCATION_ORGANIZATION_IDS" if is_ranged else "for more of what it refers to"
            raise ConfigError(
                f"--count {schema.resource}={given}: there are only {generic.capacity} different natural keys of what "
                f"is planned; ask for fewer, or {more}"
            )
        made = generic.made(min(self._usual_count(schema, generic), generic.capacity) if given is None else given)
        if given is not None and made.count < given:
            raise ConfigError(
                f"--count {schema.resource}={given}: only {made.count} fit together with what is planned; ask for "
                "fewer, or for more of what it refers to"
            )
        if generic.roots:
            self.plan.roots[schema.resource] = generic.roots
        return made

    def _usual_count(self, schema: ResourceSchema, generic: GenericResource) -> int:
        if schema.superclass_identity:
            return _ORGANIZATIONS
        sizes = self._world.sizes
        return min(generic.usual_count, max(sizes.students, sizes.schools, sizes.staff, _FEWEST))

    def _count(self, resource: str) -> int:
        given = self._options.count_of(resource)
        return self._world.counts.get(resource, _FEWEST) if given is None else given

    def _ruled(self, schema: ResourceSchema, rule: Rule, count: int, axes: Mapping[str, Axis] | None = None) -> Made:
        """Return a resource whose rule does not say what its natural key is: the documents do."""
        columns = representatives(schema)
        held = {
            found.ancestor: found
            for reference in schema.body.references
            if reference.identity
            for target in self._targets(schema, reference)
            for found in reversed(tuple(arriving(f"$.{reference.name}", reference, target, columns)))
        }
        ancestry = [
            Ancestry(name, found.landing, axis)
            for name, axis in (axes or {}).items()
            if (found := held.get(name)) is not None
        ]
        key = lru_cache(_KEYS_KEPT)(_key_reader(rule.document, schema.identity))
        return Made(schema, rule, count, key, columns, (itself(schema, columns), *ancestry))

    def _targets(self, schema: ResourceSchema, reference: Reference) -> Sequence[Made]:
        """Return what `reference` may point to, the most likely first."""
        names = [
            name
            for name in self._model.targets(reference)
            if name in self._made and (schema.resource, name) not in self._broken
        ]
        agency = any(word in schema.resource.lower() for word in _OF_THE_AGENCY)
        first = (_AGENCY if agency else _SCHOOL, _SCHOOL, *_USUAL)
        return [self._made[name] for name in sorted(names, key=lambda name: (_place(name, first), name))]

    def _is_whole(self, reference: Reference, body: Document) -> bool:
        """Say whether what a rule of the district refers to is there, as the district has it."""
        if reference.target in self._model.abstract:
            identity = body.get("educationOrganizationId")
            at_school = isinstance(identity, int) and self._world.identity.is_school(identity)
            return (_SCHOOL if at_school else _AGENCY) in self._whole
        return reference.target in self._whole


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


def _key_reader(document: Callable[[int], Document], identity: tuple[str, ...]) -> Callable[[int], Key]:
    paths = tuple((path, tuple(path.split(".")[1:])) for path in identity)

    def key(ordinal: int) -> Key:
        body = document(ordinal)
        return {path: value_of(body, names) for path, names in paths}

    return key
