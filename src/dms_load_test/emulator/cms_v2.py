"""The older names of the Configuration Service's API, below `/v2`, and today's. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OLD_KINDS: Mapping[str, str] = {"dataStores": "dmsInstances"}
_MEMBERS = {"dmsInstanceIds": "dataStoreIds", "instanceType": "dataStoreType", "instanceName": "name"}


def entry_today(kind: str, posted: Any, data_stores: Iterable[int]) -> Any:
    """Return a posted entry with today's names of members; an application that names no data stores may use all."""
    if not isinstance(posted, dict):
        return posted
    entry = {_MEMBERS.get(name, name): value for name, value in posted.items()}
    return (
        {**entry, "dataStoreIds": entry.get("dataStoreIds") or list(data_stores)} if kind == "applications" else entry
    )


def old_entry(kind: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as the older API shows it: of what has a `name`, only a data store had another one."""
    old = {new: old for old, new in _MEMBERS.items() if new != "name" or kind == "dataStores"}
    return {old.get(name, name): value for name, value in shown.items()}
