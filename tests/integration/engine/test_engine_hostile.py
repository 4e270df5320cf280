"""A target that means harm, or is broken in the same way: no crash, no endless wait, no secret in clear text."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from dms_load_test.edfi.standard import load_standard
from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.permissions import rights_of
from dms_load_test.engine.problems import reason_of
from dms_load_test.engine.target import PAGE_SIZE, MetadataReader, read_descriptor_values
from dms_load_test.errors import TargetError

DEEP = b"[" * 100_000
TOKEN = b'{"access_token": "t", "expires_in": 1800}'


def answer(body, headers=b""):
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (headers, len(body), body)


@pytest.fixture
async def api(server, new_client):
    client, base = new_client(), f"http://127.0.0.1:{server.port}"
    auth = SharedAuthManager(client, f"{base}/token", "key", "hidden-secret", emit=lambda _: None)
    policy = PhasePolicy(phase="preflight", emit=lambda _: None, on_failure=lambda _: None)
    yield ApiTarget(client, auth, base, f"{base}/data", policy)
    await auth.close()


async def test_a_small_answer_that_unpacks_to_a_large_one_costs_no_more_than_the_limit(server, new_client):
    bomb = gzip.compress(bytes(50_000_000))
    server.script = [answer(bomb, b"Content-Encoding: gzip\r\n")]
    reader = MetadataReader(new_client(max_answer_bytes=1_000_000), lambda _: None)

    tracemalloc.start()
    try:
        with pytest.raises(TargetError, match="instead of a JSON document"):
            await reader.document(f"http://127.0.0.1:{server.port}/", "OPENAPI_URLS")
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(bomb) < 100_000
    assert most_bytes < 5_000_000


async def test_json_that_is_nested_too_deeply_is_no_json(server, new_client):
    server.script = [answer(DEEP)]
    reader = MetadataReader(new_client(), lambda _: None)

    with pytest.raises(TargetError, match="instead of a JSON document"):
        await reader.document(f"http://127.0.0.1:{server.port}/", "OPENAPI_URLS")
    assert reason_of(400, DEEP).startswith("[[[")
    assert rights_of(DEEP) is None


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ([{"namespace": "uri://a", "codeValue": str(n)} for n in range(PAGE_SIZE)], "page after page"),
        ([{"id": "1"}], "needs the target's descriptor values"),
        ([7], "needs the target's descriptor values"),
    ],
)
async def test_pages_without_end_or_sense_are_told(server, api, page, told):
    server.script = [answer(TOKEN), answer(json.dumps(page).encode())]

    with pytest.raises(TargetError, match=told):
        await read_descriptor_values(api, load_standard().model, ["SexDescriptor"])


async def test_an_api_behind_tls_cannot_have_the_secret_sent_in_clear_text(tls_server, new_client, authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    base = f"https://127.0.0.1:{tls_server.port}"
    names = ("dependencies", "openApiMetadata", "dataManagementApi")
    urls = {name: f"{base}/{name}" for name in names} | {"oauth": "http://elsewhere.example.org/oauth/token"}
    tls_server.script = [answer(json.dumps({"urls": urls}).encode())]
    reader = MetadataReader(new_client(ca_bundle=tmp_path / "ca.pem"), lambda _: None)

    with pytest.raises(TargetError, match="set OAUTH_TOKEN_URL"):
        await reader.discover(base)
    found = await reader.discover(base, {"OAUTH_TOKEN_URL": "http://elsewhere.example.org/oauth/token"})

    assert found.urls.token_url.startswith("http://")  # the user said so
