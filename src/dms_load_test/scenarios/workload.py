"""What a scenario plans from: settings, the resources' order, and the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.config import Settings
    from dms_load_test.edfi.dependencies import DependencyGraph
    from dms_load_test.generators import Documents
    from dms_load_test.load.ordinals import OrdinalSet


@dataclass(frozen=True, slots=True)
class Workload:
    """The run's settings and seed, the target's dependency graph and the documents to send.

    `sent`: ordinals by resource that a load need not send, because the run that it continues did.
    """

    settings: Settings
    graph: DependencyGraph
    documents: Documents
    seed: int
    sent: Mapping[str, OrdinalSet] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[str, int]:
        """Planned documents by resource, without the resources that plan none."""
        return {resource: count for resource, count in self.documents.counts.items() if count > 0}
