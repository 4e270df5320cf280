"""Sending one document of a run again, to look at what the target says to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dms_load_test.app.earlier import require_same_target
from dms_load_test.app.target import connected, documents_of
from dms_load_test.engine.loop import run as run_loop
from dms_load_test.errors import ConfigError
from dms_load_test.load.virtual_user import CREATED
from dms_load_test.results.inventory import RunInventory
from dms_load_test.results.lock import held

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.app.earlier import EarlierRun
    from dms_load_test.app.target import Target
    from dms_load_test.config import Settings
    from dms_load_test.engine.answer import Answer
    from dms_load_test.engine.transport import Client
    from dms_load_test.generators import Documents


def send_document(
    earlier: EarlierRun, settings: Settings, base_url: str, document: tuple[str, int], say: Callable[[str], None]
) -> bool:
    """POST the run's document (resource, ordinal), say request and answer, and return whether it was accepted.

    A document that is created is noted in the run's inventory, so that `clean` knows it.

    Raises:
        ConfigError: The target is not the run's, or there is no such document.
        TargetError: The target is not usable.
    """

    async def send() -> tuple[Answer, bytes]:
        then = earlier.settings(settings)
        async with connected(then, base_url) as (client, target):
            require_same_target(earlier.manifest, target.discovery.base_url)
            documents = documents_of(then, earlier.manifest.seed, target.model, target.descriptor_values)
            return await _post(client, target, documents, document)

    resource, ordinal = document
    with held(earlier.folder):
        answer, payload = run_loop(send())
        say(f"POST {resource} {ordinal}")
        say(msgspec.json.format(payload, indent=2).decode())
        say(f"{answer.status or answer.error}")
        for name in ("location", "etag", "retry-after"):
            if not answer.error and name in answer.headers:
                say(f"{name}: {answer.headers[name]}")
        say("" if answer.error else _readable(answer.body))
        if answer.ok:
            with RunInventory(earlier.folder.inventory, phase="load") as inventory:
                inventory.add(resource, ordinal, answer.document_id, created=answer.status == CREATED)
    return answer.ok


async def _post(
    client: Client, target: Target, documents: Documents, document: tuple[str, int]
) -> tuple[Answer, bytes]:
    resource, ordinal = document
    if resource not in documents.counts:
        raise ConfigError(f"{resource}: the run has no documents of it; it has {', '.join(sorted(documents.counts))}")
    try:
        payload = documents.payload(resource, ordinal)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    user = target.preflight_api(client).user()
    try:
        return await user.create(resource, payload, ordinal), payload
    finally:
        user.close()


def _readable(body: bytes) -> str:
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")
