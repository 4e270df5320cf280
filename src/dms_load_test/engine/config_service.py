"""The Configuration Service over HTTP, as far as a load test needs it: an administrator, a vendor, an application.

Names differ by version: what `/v3` calls a data store was a `dmsInstance` of `/v2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from dms_load_test.engine.answer import Answer, document_id_of
from dms_load_test.engine.problems import reason_of
from dms_load_test.engine.transport import request_bytes
from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from dms_load_test.engine.transport import Client

ADMIN_SCOPE = "edfi_admin_api/full_access"
_FORM = "application/x-www-form-urlencoded"
_OK, _CREATED, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 201, 401, 403, 404
_THERE = frozenset({_OK, _UNAUTHORIZED, _FORBIDDEN})
_PAGE = 100
_PATH_BASE = "/config"


@dataclass(frozen=True, slots=True)
class Names:
    """How a version calls things."""

    version: str
    data_stores: str
    data_store_ids: str
    data_store_name: str


VERSIONS = (
    Names("v3", "dataStores", "dataStoreIds", "name"),
    Names("v2", "dmsInstances", "dmsInstanceIds", "instanceName"),
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's key and secret; the secret is in no `repr`."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials({self.key!r})"


class RefusedError(TargetError):
    """The service refused a request; `status` is its answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ConfigService:
    """One service, found. `url` is without a slash; `names` are those of the newest version that it serves."""

    def __init__(self, client: Client, url: str, names: Names, tenant: str | None) -> None:
        self._client = client
        self._headers: dict[str, str] = {"Tenant": tenant} if tenant else {}
        self.url = url
        self.names = names

    @classmethod
    async def find(cls, client: Client, url: str, tenant: str | None) -> ConfigService:
        """Find the service at `url`, with or without its path base.

        Raises:
            TargetError: There is none.
        """
        given = url.rstrip("/")
        bases = (given, given.removesuffix(_PATH_BASE) if given.endswith(_PATH_BASE) else given + _PATH_BASE)
        tried = []
        for base in bases:
            for names in VERSIONS:
                service = cls(client, base, names, tenant)
                answer = await service._ask("GET", f"{base}/{names.version}/vendors")
                if answer.status in _THERE:
                    return service
                tried.append(f"{base}/{names.version}/vendors answers {answer.status}")
        raise TargetError(
            f"no Configuration Service is at {url} ({'; '.join(tried)}); set CONFIG_SERVICE_URL to where it is"
        )

    async def register(self, admin: Credentials, name: str) -> None:
        """Register an administrator.

        Raises:
            RefusedError: The service does not let one.
        """
        form = {"ClientId": admin.key, "ClientSecret": admin.secret, "DisplayName": name}
        answer = await self._ask("POST", f"{self.url}/connect/register", form=form)
        if answer.status != _OK:
            raise _refused("an administrator cannot be registered", answer)

    async def sign_in(self, admin: Credentials, token_url: str | None) -> None:
        """Get an administrator's token, at `token_url` where that is not the service's own.

        Raises:
            RefusedError: It is not given.
        """
        url = token_url or f"{self.url}/connect/token"
        form = {
            "client_id": admin.key,
            "client_secret": admin.secret,
            "grant_type": "client_credentials",
            "scope": ADMIN_SCOPE,
        }
        answer = await self._ask("POST", url, form=form)
        try:
            token = str(answer.json()["access_token"]) if answer.status == _OK else ""
        except (ValueError, KeyError, TypeError):
            token = ""
        if not token:
            raise _refused(f"no administrator's token from {url}", answer)
        self._headers["Authorization"] = f"Bearer {token}"

    async def vendor(self, company: str, prefixes: str) -> int:
        """Return the number of the vendor of that name, which is made or brought up to date."""
        body = {
            "company": company,
            "contactName": company,
            "contactEmailAddress": "load-test@example.com",
            "namespacePrefixes": prefixes,
        }
        answer = await self._do("POST", "vendors", body)
        return _number(answer)

    async def find_vendor(self, company: str) -> int | None:
        """Return the number of the vendor of that name, if there is one."""
        async for vendor in self._all("vendors"):
            if vendor.get("company") == company:
                return int(vendor["id"])
        return None

    async def data_stores(self) -> dict[int, str] | None:
        """Return the data stores' names by number; None where the service has no notion of them."""
        try:
            found = [store async for store in self._all(self.names.data_stores)]
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        name = self.names.data_store_name
        return {int(store["id"]): str(store.get(name) or store.get("name") or "") for store in found}

    async def applications(self, vendor: int) -> list[dict[str, Any]]:
        """Return a vendor's applications."""
        return _records(await self._do("GET", f"vendors/{vendor}/applications"))

    async def add_application(self, application: Mapping[str, Any]) -> Credentials:
        """Make an application and return its client."""
        return _credentials(await self._do("POST", "applications", application))

    async def reset_credentials(self, application: int) -> Credentials | None:
        """Give an application's client new credentials; None where the service does not do that."""
        try:
            return _credentials(await self._do("PUT", f"applications/{application}/reset-credential"))
        except RefusedError:
            return None

    async def remove(self, kind: str, number: int) -> None:
        """Delete a vendor or an application; one that is gone is no error."""
        try:
            await self._do("DELETE", f"{kind}/{number}")
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise

    async def _all(self, kind: str) -> AsyncIterator[dict[str, Any]]:
        """Yield all records of a kind, page by page; a service that does not page gives all at once."""
        seen: set[Any] = set()
        while True:
            answer = await self._do("GET", f"{kind}?offset={len(seen)}&limit={_PAGE}")
            page = [item for item in _records(answer) if item["id"] not in seen]
            for item in page:
                seen.add(item["id"])
                yield item
            if len(page) < _PAGE:
                return

    async def _do(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Send a request of an administrator. Raises: RefusedError: it is not done."""
        answer = await self._ask(method, f"{self.url}/{self.names.version}/{path}", body=body)
        if not _OK <= answer.status < 300:  # noqa: PLR2004 - the success statuses
            raise _refused(f"{method} {path.partition('?')[0]}", answer)
        return answer

    async def _ask(
        self, method: str, url: str, *, form: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        headers = dict(self._headers)
        payload = b""
        if form is not None:
            headers["Content-Type"], payload = _FORM, urlencode(form).encode("ascii")
        elif body is not None:
            headers["Content-Type"], payload = "application/json", msgspec.json.encode(body)
        elif method in {"PUT", "POST"}:
            headers["Content-Length"] = "0"
        origin, request = request_bytes(method, url, headers, payload)
        channel = self._client.channel(origin)
        connection = await channel.send(request, safe=method == "GET")
        channel.close()
        answer = Answer(connection, self._client.options.max_answer_bytes, ok=not connection.error)
        if answer.error:
            raise TargetError(
                f"no answer from the Configuration Service at {origin}: {connection.reason}; "
                "start it, or correct CONFIG_SERVICE_URL"
            )
        return answer


def _refused(what: str, answer: Answer) -> RefusedError:
    try:
        reason = reason_of(answer.status, answer.body)
    except ValueError as error:  # its compression is damaged
        reason = str(error)
    return RefusedError(f"{what}: {answer.status} {reason}", answer.status)


def _records(answer: Answer) -> list[dict[str, Any]]:
    """Return the records of an answer, each with its number as `id`. Raises: TargetError: It holds something else."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    if isinstance(found, list) and all(isinstance(item, dict) and str(item.get("id")).isdecimal() for item in found):
        return found
    raise TargetError("the Configuration Service's answer is no list of numbered records; is it one?")


def _number(answer: Answer) -> int:
    """Return the number of a new record: the end of Location, a URL or a path, else the body's id."""
    text = document_id_of(answer.header(b"location"))
    if not text:
        try:
            text = str(answer.json()["id"])
        except (ValueError, KeyError, TypeError):
            text = ""
    if not text.isdecimal():
        raise TargetError("the Configuration Service does not tell the number of what it made; is it one?")
    return int(text)


def _credentials(answer: Answer) -> Credentials:
    try:
        document = answer.json()
        return Credentials(str(document["key"]), str(document["secret"]))
    except (ValueError, KeyError, TypeError):
        raise TargetError("the Configuration Service's answer holds no key and secret") from None
