"""The Configuration Service's entries: vendors, data stores, applications, API clients, administrators.

Secrets are kept as hashes: a secret is shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dms_load_test.emulator import cms_rules as rules
from dms_load_test.emulator.claims import Access, claim_set_of
from dms_load_test.emulator.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dms_load_test.emulator.drawer import Drawer, Entry

    Keep = Callable[[], Any]

FULL_SCOPE = "edfi_admin_api/full_access"
READ_SCOPE = "edfi_admin_api/readonly_access"
VENDOR: Mapping[str, rules.Checker] = {
    "company": rules.text(256),
    "contactName": rules.text(128),
    "contactEmailAddress": rules.email,
    "namespacePrefixes": rules.prefixes,
}
DATA_STORE: Mapping[str, rules.Checker] = {
    "dataStoreType": rules.text(50),
    "name": rules.text(256),
    "connectionString": rules.optional(rules.text(1000)),
}
APPLICATION: Mapping[str, rules.Checker] = {
    "applicationName": rules.text(256),
    "vendorId": rules.number,
    "claimSetName": rules.without_blanks,
    "educationOrganizationIds": rules.numbers,
    "dataStoreIds": rules.some_numbers,
    "profileIds": rules.optional(rules.numbers),
}
API_CLIENT: Mapping[str, rules.Checker] = {
    "applicationId": rules.number,
    "name": rules.text(50),
    "dataStoreIds": rules.some_numbers,
    "isApproved": rules.optional(rules.flag),
}
REGISTRATION: Mapping[str, rules.Checker] = {
    "ClientId": rules.text(256),
    "ClientSecret": rules.strong_secret,
    "DisplayName": rules.text(256),
}
_TITLES = {"vendors": "Vendor", "dataStores": "Data store", "applications": "Application", "apiClients": "API client"}
_KINDS = (*_TITLES, "administrators")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client logs in with. `client_number` is that of its API client entry."""

    client_number: int
    key: str
    secret: str


@dataclass
class Registry:
    """All entries of one Configuration Service, kept in `drawer`.

    `built_in` are clients that need no entry: (key, secret) -> rights; `administrator` is the admin client that is
    there from the start.
    """

    drawer: Drawer
    built_in: Mapping[tuple[str, str], Access] = field(repr=False)
    administrator: tuple[str, str] = field(repr=False)
    entries: dict[str, dict[int, Entry]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.entries = {kind: dict(self.drawer.all_of(kind)) for kind in _KINDS}

    def add_first_data_store(self) -> None:
        """Add the data store that a running DMS has."""
        if not self.entries["dataStores"]:
            self._add("dataStores", {"dataStoreType": "Emulator", "name": "Emulator", "connectionString": ""})

    def access_of(self, key: str, secret: str) -> Access | None:
        """Return the rights of a data client, `None` for wrong credentials."""
        for (known_key, known_secret), access in self.built_in.items():
            if _same(key, known_key) and _same(secret, known_secret):
                return access
        client = next((client for client in self.entries["apiClients"].values() if client["key"] == key), None)
        if client is None or not client["isApproved"] or not _same(_hash(secret), client["secretHash"]):
            return None
        application = self.entries["applications"][client["applicationId"]]
        prefixes = self.entries["vendors"][application["vendorId"]]["namespacePrefixes"].split(",")
        stripped = tuple(prefix.strip() for prefix in prefixes if prefix.strip())
        organizations, data_stores = application["educationOrganizationIds"], client["dataStoreIds"]
        return Access(
            key, claim_set_of(application["claimSetName"]), stripped, tuple(organizations), tuple(data_stores)
        )

    def is_administrator(self, key: str, secret: str) -> bool:
        """Tell whether these are an admin client's credentials."""
        known_key, known_secret = self.administrator
        if _same(key, known_key) and _same(secret, known_secret):
            return True
        registered = self.entries["administrators"].values()
        return any(admin["key"] == key and _same(_hash(secret), admin["secretHash"]) for admin in registered)

    def register(self, form: Mapping[str, str]) -> None:
        """Add an admin client.

        Raises:
            Refused: for wrong members, or a client id that exists.
        """
        given = rules.check(dict(form), REGISTRATION)
        taken = {self.administrator[0], *(admin["key"] for admin in self.entries["administrators"].values())}
        if given["ClientId"] in taken:
            message = "Client with the same Client Id already exists. Please provide different Client Id."
            raise Refused(rules.invalid({"ClientId": [message]}))
        self._add("administrators", {"key": given["ClientId"], "secretHash": _hash(given["ClientSecret"])})

    def add_vendor(self, posted: Any) -> tuple[int, bool]:
        """Add a vendor, or change the one of this company; return its number and whether it is new.

        Raises:
            Refused: for wrong members.
        """
        given = rules.check(posted, VENDOR)
        for number, vendor in self.entries["vendors"].items():
            if vendor["company"] == given["company"]:
                self._put("vendors", number, given)
                return number, False
        return self._add("vendors", given), True

    def add_data_store(self, posted: Any) -> int:
        """Add a data store; raises `Refused` for wrong members."""
        return self._add("dataStores", {"connectionString": "", **rules.check(posted, DATA_STORE)})

    def add_application(self, posted: Any) -> tuple[int, Credentials]:
        """Add an application with its first client.

        Raises:
            Refused: for wrong members, references to nothing, or a name that its vendor uses already.
        """
        given = self._check_application(posted)
        number = self._add("applications", {"profileIds": [], **given})
        return number, self._add_client(number, given["applicationName"][:50], given["dataStoreIds"])

    def _check_application(self, posted: Any, own_number: int | None = None) -> Entry:
        given = rules.check(posted, APPLICATION)
        if given["vendorId"] not in self.entries["vendors"]:
            raise Refused(rules.unresolved("vendorId"))
        self._require_data_stores(given["dataStoreIds"])
        vendor, name = given["vendorId"], given["applicationName"]
        for number, other in self.entries["applications"].items():
            if number != own_number and (other["vendorId"], other["applicationName"]) == (vendor, name):
                raise Refused(rules.invalid({"ApplicationName": [f"Application '{name}' already exists for vendor."]}))
        return given

    def _require_data_stores(self, numbers: list[int]) -> None:
        if not self.entries["dataStores"].keys() >= set(numbers):
            raise Refused(rules.unresolved("dataStoreIds"))

    def add_client(self, posted: Any) -> Credentials:
        """Add a client to an application.

        Raises:
            Refused: for wrong members or references to nothing.
        """
        given = self._check_client(posted)
        is_approved = given.get("isApproved", True)
        return self._add_client(given["applicationId"], given["name"], given["dataStoreIds"], is_approved=is_approved)

    def _check_client(self, posted: Any) -> Entry:
        given = rules.check(posted, API_CLIENT)
        if given["applicationId"] not in self.entries["applications"]:
            raise Refused(rules.unresolved("applicationId"))
        self._require_data_stores(given["dataStoreIds"])
        return given

    def _add_client(
        self, application: int, name: str, data_stores: list[int], *, is_approved: bool = True
    ) -> Credentials:
        key, secret = secrets.token_hex(10), secrets.token_urlsafe(32)
        entry = {
            "applicationId": application,
            "name": name,
            "dataStoreIds": data_stores,
            "isApproved": is_approved,
            "key": key,
            "secretHash": _hash(secret),
        }
        return Credentials(self._add("apiClients", entry), key, secret)

    def reset_client(self, number: int) -> Credentials:
        """Give an API client a new secret.

        Raises:
            Refused: with 404, if there is none.
        """
        client = self.get("apiClients", number)
        secret = secrets.token_urlsafe(32)
        self._put("apiClients", number, {**client, "secretHash": _hash(secret)})
        return Credentials(number, client["key"], secret)

    def reset_application(self, number: int) -> Credentials:
        """Give an application's first client a new secret.

        Raises:
            Refused: with 404, if there is none, or it has no client.
        """
        self.get("applications", number)
        clients = self._clients_of(number)
        if not clients:
            raise Refused(rules.not_found("API client of application", number))
        return self.reset_client(clients[0])

    def change(self, kind: str, number: int, posted: Any) -> None:
        """Replace an entry; an API client keeps its key and secret.

        Raises:
            Refused: if there is none, or for what adding one refuses.
        """
        checks: Mapping[str, Callable[[Any], Entry]] = {
            "vendors": lambda entry: rules.check(entry, VENDOR),
            "dataStores": lambda entry: rules.check(entry, DATA_STORE),
            "applications": lambda entry: self._check_application(entry, number),
            "apiClients": self._check_client,
        }
        before = self.get(kind, number)
        self._put(kind, number, {**before, **checks[kind](posted)})

    def get(self, kind: str, number: int) -> Entry:
        """Return an entry.

        Raises:
            Refused: with 404, if there is none.
        """
        entry = self.entries[kind].get(number)
        if entry is None:
            raise Refused(rules.not_found(_TITLES[kind], number))
        return entry

    def remove(self, kind: str, number: int) -> None:
        """Remove an entry; an application goes with its clients.

        Raises:
            Refused: if there is none, or others refer to it.
        """
        self.get(kind, number)
        applications = self.entries["applications"].values()
        if kind == "vendors" and any(application["vendorId"] == number for application in applications):
            raise Refused(rules.in_use("vendor"))
        if kind == "dataStores" and any(number in application["dataStoreIds"] for application in applications):
            raise Refused(rules.in_use("data store"))
        if kind == "applications":
            for client in self._clients_of(number):
                self._remove("apiClients", client)
        self._remove(kind, number)

    def _clients_of(self, application: int) -> list[int]:
        clients = self.entries["apiClients"].items()
        return [number for number, client in clients if client["applicationId"] == application]

    def _add(self, kind: str, entry: Entry) -> int:
        number = max(self.entries[kind], default=0) + 1
        self._put(kind, number, entry)
        return number

    def _put(self, kind: str, number: int, entry: Entry) -> None:
        self.drawer.put(kind, number, entry)
        self.entries[kind][number] = entry

    def _remove(self, kind: str, number: int) -> None:
        self.drawer.remove(kind, number)
        del self.entries[kind][number]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()  # generated or long: nothing to guess slowly


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
