"""What a scenario plans from: settings, the resources' order, and the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.config.values import weights_of
from dms_load_test.edfi.schema import ApiModel
from dms_load_test.errors import ConfigError
from dms_load_test.scenarios.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.config import Settings
    from dms_load_test.edfi.dependencies import DependencyGraph
    from dms_load_test.generators import Documents
    from dms_load_test.load.ordinals import OrdinalSet

MOST_SEEDS = 2**31
"""Seeds that a run chooses for itself are below this."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The run's settings and seed, the target's dependency graph and the documents to send.

    `sent`: ordinals by resource that a load need not send, because the run that it continues did. `model`: the
    target's resources. `change_queries_url` is empty where the target has no change queries. `name`: what the
    scenario's phase is to be called; empty where it is the scenario's own affair. `program` is the whole run's;
    `is_part`: other processes do the rest of the work. `beside_writers`: others of the program may write meanwhile.
    """

    settings: Settings
    graph: DependencyGraph
    documents: Documents
    seed: int
    sent: Mapping[str, OrdinalSet] = field(default_factory=dict)
    model: ApiModel = field(default_factory=lambda: ApiModel({}))
    change_queries_url: str = ""
    name: str = ""
    program: Program = field(default_factory=lambda: Program(()))
    is_part: bool = False
    beside_writers: bool = False

    @property
    def counts(self) -> Mapping[str, int]:
        """Planned documents by resource, without the resources that plan none."""
        return {resource: count for resource, count in self.documents.counts.items() if count > 0}

    @property
    def weights(self) -> Mapping[str, float]:
        """READWRITE_WEIGHTS by resource. Raises: ConfigError: the target has no such resource."""
        weights = weights_of(self.settings.readwrite_weights)
        for resource in weights.keys() - self.model.resources.keys() - self.documents.counts.keys():
            raise ConfigError(f"READWRITE_WEIGHTS {resource}: no such resource; `dms-load-test resources` lists them")
        return weights

    @property
    def unreferred(self) -> frozenset[str]:
        """Planned resources that no planned resource refers to: documents of these may be deleted."""
        planned = frozenset(self.counts)
        return frozenset(resource for resource in planned if not self.graph.referrers(resource) & planned)
