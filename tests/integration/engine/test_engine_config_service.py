"""A Configuration Service that is none: what it answers is told, whatever it is."""

from __future__ import annotations

import pytest

from dms_load_test.engine.config_service import VERSIONS, ConfigService, RefusedError
from dms_load_test.errors import TargetError


def answer(status, body, headers=""):
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def service(server, new_client):
    return ConfigService(new_client(), f"http://127.0.0.1:{server.port}", VERSIONS[0], None)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"null", b"[1]", b'[{"company": "x"}]', b'[{"id": "\xc2\xb2"}]']
)
async def test_an_answer_that_is_no_list_of_records_is_told_as_such(service, server, body):
    server.script = [answer(200, body)]

    for ask in (service.data_stores, lambda: service.find_vendor("x"), lambda: service.applications(1)):
        with pytest.raises(TargetError, match="no list of numbered records"):
            await ask()


async def test_a_refusal_whose_body_is_damaged_is_a_refusal(service, server):
    server.script = [answer(500, b"\x1f\x8b no gzip", "Content-Encoding: gzip\r\n")]

    with pytest.raises(RefusedError, match="GET dataStores: 500"):
        await service.data_stores()


async def test_data_stores_are_known_by_number_however_it_is_written(service, server):
    server.script = [answer(200, b'[{"id": 1, "name": "one"}, {"id": "2"}]')]

    assert await service.data_stores() == {1: "one", 2: ""}
