"""Making the API client at the Configuration Service, once: repeated runs reuse it, renew it, or replace it.

What is made: an administrator where none is given (kept in `.env.load-test`, since it cannot be deleted), one vendor,
one application with one client. Credentials are replaced only when a token endpoint has refused them, never because it
did not answer. The secret goes from the service into the file and nowhere else.

OAUTH_TOKEN_URL is not written: the API's discovery document tells it, for whichever API a run is pointed at.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dms_load_test.app.credentials import with_secret
from dms_load_test.app.target import discover, open_client
from dms_load_test.config import FILE_NAME
from dms_load_test.config.dotenv_file import change_file
from dms_load_test.config.secret import WAYS
from dms_load_test.engine.address import split_url
from dms_load_test.engine.auth import SharedAuthManager, TokenError
from dms_load_test.engine.config_service import ConfigService, Credentials, RefusedError
from dms_load_test.engine.loop import run as run_loop
from dms_load_test.engine.target import MetadataReader
from dms_load_test.errors import ConfigError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from dms_load_test.config import Settings
    from dms_load_test.engine.target import Discovery
    from dms_load_test.engine.transport import Client

NAME = "DMS Load Test"
"""Of the vendor and of the application: by it they are found again."""
NAMESPACES = "uri://ed-fi.org"
ADMIN_PREFIX = "dms-load-test-admin-"
PARTIAL_CLAIM_SET = "E2E-NoFurtherAuthRequiredClaimSet"
PARTIAL_WARNING = (
    f"{PARTIAL_CLAIM_SET} covers 67 resources only; it lacks, among others, staffSchoolAssociations, "
    "staffSectionAssociations, staffEducationOrganizationAssignmentAssociations, courseLevelCharacteristicDescriptors. "
    "EdFiSandbox covers all; `dms-load-test doctor` tells what the planned load lacks."
)
_API_PORT = 8080
_SECRET_LENGTH = 48
_SYMBOLS = "!@*-_"
_REFUSALS = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where settings are kept, and who hears what is done."""

    directory: Path
    say: Callable[[str], None]

    @property
    def file(self) -> Path:
        """The settings file."""
        return self.directory / FILE_NAME

    def keep(self, values: dict[str, str | None]) -> None:
        """Write settings into the file. Raises: ConfigError: it cannot be written."""
        change_file(self.file, values)


def set_up_client(settings: Settings, place: Workplace) -> None:
    """Find or make the client, and put its credentials and the URLs that were found into `.env.load-test`.

    Raises:
        ConfigError: A setting is missing or the file cannot be written.
        TargetError: The Configuration Service does not answer, or refuses; credentials that are there stay.
    """
    _in_loop(settings, lambda client: _Setup(client, settings, place).run())


def delete_client(settings: Settings, place: Workplace) -> None:
    """Delete the application, and the vendor if nothing else is its; take the credentials out of `.env.load-test`.

    Raises: As `set_up_client`.
    """
    _in_loop(settings, lambda client: _Setup(client, settings, place).delete())


def _in_loop(settings: Settings, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        with open_client(settings) as client:
            await work(client)

    run_loop(run())


class _Setup:
    def __init__(self, client: Client, settings: Settings, place: Workplace) -> None:
        self._client = client
        self._settings = with_secret(settings)
        self._place = place
        self._say = place.say

    async def run(self) -> None:
        settings = self._settings
        service = await self._service()
        discovery = await self._find_api(service)
        await self._sign_in(service)
        wanted = {
            "applicationName": NAME,
            "vendorId": await service.vendor(NAME, NAMESPACES),
            "claimSetName": settings.claim_set,
            "educationOrganizationIds": [],
            **await self._data_stores(service),
        }
        token_url = (
            discovery.urls.token_url if discovery else settings.oauth_token_url or f"{service.url}/connect/token"
        )
        credentials = await self._application(service, wanted, token_url)
        urls = {"CONFIG_SERVICE_URL": service.url}
        if discovery is not None:
            urls["API_BASE_URL"] = discovery.base_url.rstrip("/")
        if credentials is not None:
            self._place.keep({**urls, **_client(credentials)})
            self._say(f"Key and secret are in {self._place.file} (mode 600).")
            await self._prove(token_url, credentials)
        if settings.claim_set == PARTIAL_CLAIM_SET:
            self._say(f"Warning: {PARTIAL_WARNING}")

    async def delete(self) -> None:
        service = await self._service()
        await self._sign_in(service)
        vendor = await service.find_vendor(NAME)
        applications = await service.applications(vendor) if vendor is not None else []
        ours = [item for item in applications if item.get("applicationName") == NAME]
        for application in ours:
            await service.remove("applications", int(application["id"]))
            self._say(f"Deleted application {application['id']}, {NAME}; its tokens are good until they expire.")
        if vendor is not None and len(ours) == len(applications):
            await service.remove("vendors", vendor)
            self._say(f"Deleted vendor {vendor}, {NAME}.")
        if vendor is None:
            self._say(f"There is no vendor {NAME}: nothing to delete.")
        if self._place.file.exists():
            self._place.keep(_client(None))
            self._say(
                f"Took key and secret out of {self._place.file}; the administrator, who cannot be deleted, stays."
            )

    async def _service(self) -> ConfigService:
        settings = self._settings
        if settings.config_service_url is None:
            raise ConfigError(
                "CONFIG_SERVICE_URL is not set: where the Configuration Service is, such as http://localhost:8081"
            )
        service = await ConfigService.find(self._client, settings.config_service_url, settings.config_service_tenant)
        self._say(f"Configuration Service at {service.url}, version {service.names.version}.")
        return service

    async def _find_api(self, service: ConfigService) -> Discovery | None:
        """Find the API itself: as set, else on the service's host."""
        origin, _ = split_url(service.url)
        guesses = (str(origin), f"{origin.scheme}://{origin.host}:{_API_PORT}")
        given = self._settings.api_base_url
        reader = MetadataReader(self._client, lambda _: None)
        for url in (given,) if given else guesses:
            try:
                found = await discover(reader, self._settings, url)
            except (TargetError, ConfigError) as error:
                told = str(error)
                continue
            self._say(f"API at {found.base_url}.")
            return found
        self._say(f"The API was not found, so the client is not tried out: {told if given else 'set API_BASE_URL'}")
        return None

    async def _sign_in(self, service: ConfigService) -> None:
        """Sign in as an administrator: the one that is set, else one that is registered now and kept."""
        settings = self._settings
        key, secret = settings.config_service_client_id, settings.config_service_client_secret
        if key and secret is not None:
            try:
                await service.sign_in(Credentials(key, secret.get_secret_value()), settings.config_service_token_url)
            except RefusedError as error:
                if not key.startswith(ADMIN_PREFIX) or error.status not in _REFUSALS:
                    raise
                self._say(f"The service does not know administrator {key} any more.")
            else:
                return
        admin = Credentials(ADMIN_PREFIX + secrets.token_hex(4), _new_secret())
        try:
            await service.register(admin, NAME)
        except RefusedError as error:
            raise TargetError(
                f"{error}; set CONFIG_SERVICE_CLIENT_ID and CONFIG_SERVICE_CLIENT_SECRET to an administrator's"
            ) from None
        self._place.keep({"CONFIG_SERVICE_CLIENT_ID": admin.key, "CONFIG_SERVICE_CLIENT_SECRET": admin.secret})
        self._say(f"Registered administrator {admin.key}.")
        await service.sign_in(admin, settings.config_service_token_url)

    async def _data_stores(self, service: ConfigService) -> dict[str, list[int]]:
        """Choose the data store; nothing where the service has no notion of them."""
        stores, wanted = await service.data_stores(), self._settings.data_store
        if stores is None:
            return {}
        listed = ", ".join(f"{number} {name}" for number, name in stores.items()) or "none"
        chosen = [number for number, name in stores.items() if wanted in {None, name, str(number)}]
        if not chosen:
            raise TargetError(f"the Configuration Service has no data store {wanted or 'at all'}; there are: {listed}")
        if len(chosen) > 1:
            raise ConfigError(f"several data stores: {listed}; set DATA_STORE to the one to use")
        self._say(f"Data store {chosen[0]}, {stores[chosen[0]]}.")
        return {service.names.data_store_ids: chosen}

    async def _application(self, service: ConfigService, wanted: dict[str, Any], token_url: str) -> Credentials | None:
        """Return the client's new credentials; None where those that are set still work."""
        vendor = int(wanted["vendorId"])
        found = [item for item in await service.applications(vendor) if item.get("applicationName") == NAME]
        fitting = [item for item in found if _fits(item, wanted)]
        settings = self._settings
        if fitting and settings.client_id and settings.client_secret is not None:
            given = Credentials(settings.client_id, settings.client_secret.get_secret_value())
            if await self._works(token_url, given):
                self._say(f"Client {given.key} exists and works: nothing is changed.")
                return None
        for item in found:
            if item not in fitting[:1]:
                await service.remove("applications", int(item["id"]))
                self._say(f"Deleted application {item['id']}, which had another claim set or data store.")
        if fitting:
            number = int(fitting[0]["id"])
            credentials = await service.reset_credentials(number)
            if credentials is not None:
                self._say(f"Gave application {number}, {NAME}, new credentials.")
                return credentials
            await service.remove("applications", number)
        credentials = await service.add_application(wanted)
        self._say(f"Made application {NAME} with claim set {wanted['claimSetName']}.")
        return credentials

    async def _works(self, token_url: str, given: Credentials) -> bool:
        """Tell whether credentials get a token.

        Raises:
            TargetError: That cannot be told; so nothing may be replaced.
        """
        auth = SharedAuthManager(self._client, token_url, given.key, given.secret, emit=lambda _: None)
        try:
            await auth.wait()
        except TokenError as error:
            if error.status in _REFUSALS:
                return False
            raise TargetError(
                f"cannot tell whether client {given.key} still works: {token_url} gives {error.status or 'no answer'}; "
                "nothing was changed, try again when it is up"
            ) from None
        finally:
            await auth.close()
        return True

    async def _prove(self, token_url: str, credentials: Credentials) -> None:
        """Get a token with new credentials.

        Raises:
            TargetError: It is refused.
        """
        if not await self._works(token_url, credentials):
            raise TargetError(
                f"{token_url} refuses the new client; is it the token endpoint of the same installation? "
                "Set OAUTH_TOKEN_URL if not"
            )
        self._say(f"Client {credentials.key} gets tokens from {token_url}.")


def _client(credentials: Credentials | None) -> dict[str, str | None]:
    """Return what the file is to say of the client: the secret in one way, as two are refused, or in none."""
    given = {"CLIENT_ID": credentials.key, "CLIENT_SECRET": credentials.secret} if credentials else {"CLIENT_ID": None}
    return {**dict.fromkeys(WAYS), **given}


def _fits(application: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(
        application.get(name) == value
        for name, value in wanted.items()
        if name in application or name == "claimSetName"
    )


def _new_secret() -> str:
    """Return a secret with letters of both cases, digits and symbols, as the service asks for."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    rest = [secrets.choice("".join(classes)) for _ in range(_SECRET_LENGTH - len(classes))]
    letters = [secrets.choice(kind) for kind in classes] + rest
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
