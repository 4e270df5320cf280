"""Which members of a resource's documents a query can select by, and their values in a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.edfi.schema import ApiModel

_PLAIN = (str, int, float, bool)


class QueryFields:
    """The query parameters of resources, each with the path of the member that it compares; none in arrays."""

    def __init__(self, model: ApiModel) -> None:
        self._model = model
        self._known: dict[str, Mapping[str, tuple[str, ...]]] = {}

    def of(self, resource: str) -> Mapping[str, tuple[str, ...]]:
        """Return parameter -> path; nothing for a resource that the model does not have."""
        found = self._known.get(resource)
        if found is None:
            schema = self._model.resources.get(resource)
            query = schema.query if schema else {}
            paths = {name: tuple(path.split(".")[1:]) for name, path in query.items() if "[" not in path}
            found = self._known[resource] = {name: path for name, path in paths.items() if path and path != ("id",)}
        return found

    def values(self, resource: str, document: Any) -> dict[str, Any]:
        """Return the parameters that select a document, each by itself, with their values."""
        found = {name: value_at(document, path) for name, path in self.of(resource).items()}
        return {name: value for name, value in found.items() if value is not None}


def value_at(document: Any, path: tuple[str, ...]) -> Any:
    """Return the value of a member as a query has it; None where there is none."""
    for member in path:
        document = document.get(member) if isinstance(document, dict) else None
    if isinstance(document, bool):
        return str(document).lower()
    return document if isinstance(document, _PLAIN) else None
