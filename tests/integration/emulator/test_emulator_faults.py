"""Faults over a real socket: what a client meets, and what the emulator remembers of it."""

import http.client
import time

import pytest

from dms_load_test.emulator import EmulatorOptions, start_emulator

STUDENT = {"studentUniqueId": "1", "birthDate": "2014-08-14", "firstName": "Ann", "lastSurname": "Lee"}


class Control:
    """The control endpoint; rules end with the test."""

    def __init__(self, client):
        self.client = client
        client.base_path = ""

    def send(self, method, path, body=None, **headers):
        return self.client.send(method, f"/emulator/{path}", body, **headers)

    def set(self, *rules):
        reply = self.send("PUT", "faults", list(rules))
        assert reply.status == 200, reply.body

    @property
    def injected(self):
        return self.send("GET", "injected").json


@pytest.fixture
def control(emulator, make_client):
    control = Control(make_client(emulator))
    control.send("DELETE", "injected")
    yield control
    control.set()


def test_errors_come_with_their_status_and_are_remembered(control, client):
    control.set({"kind": "error", "status": 503, "methods": ["GET"], "path": "/data/ed-fi/students*", "times": 2})
    statuses = [client.get("students").status for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert client.get("schools").status == 200
    injected = control.injected
    assert injected["counts"] == {"error": 2}
    assert [(event["method"], event["path"], event["detail"]) for event in injected["events"]] == [
        ("GET", "/data/ed-fi/students", "503")
    ] * 2


@pytest.mark.parametrize(
    ("rule", "retry_after"),
    [
        ({"status": 429}, "1"),
        ({"status": 429, "retry_after_s": 7}, "7"),
        ({"status": 503}, None),
        ({"status": 503, "retry_after_s": 30}, "30"),
    ],
)
def test_an_error_says_when_to_come_again_as_it_was_told(control, client, rule, retry_after):
    control.set({"kind": "error", "times": 1, **rule})
    assert client.get("students").headers.get("retry-after") == retry_after


def test_an_error_answers_a_write_after_its_body_was_read(control, client):
    control.set({"kind": "error", "status": 429, "times": 1})
    reply = client.post("students", {**STUDENT, "x": "y" * 100_000})
    assert (reply.status, reply.headers["retry-after"]) == (429, "1")
    assert client.post("students", STUDENT).status in (200, 201)


def test_a_reset_is_a_reset(control, client, make_client, emulator):
    control.set({"kind": "reset", "times": 1})
    with pytest.raises(ConnectionResetError):
        client.get("students")
    assert make_client(emulator).authorize().get("students").status == 200


def test_half_an_answer_ends_early(control, client):
    control.set({"kind": "half", "times": 1})
    with pytest.raises(http.client.IncompleteRead) as incomplete:
        client.get("sexDescriptors")
    assert len(incomplete.value.partial) > 100
    assert control.injected["counts"] == {"half": 1}


def test_a_slow_body_is_whole_and_takes_its_time(control, client):
    whole = client.get("sexDescriptors?limit=1").body
    control.set({"kind": "slow", "bytes_per_s": len(whole) * 5, "times": 1})
    started = time.monotonic()
    assert client.get("sexDescriptors?limit=1").body == whole
    assert time.monotonic() - started > 0.1


def test_latency_is_added(control, client):
    control.set({"kind": "latency", "low_ms": 80, "times": 1})
    started = time.monotonic()
    assert client.get("students?limit=1").status == 200
    assert time.monotonic() - started >= 0.08
    assert control.injected["events"][0]["detail"] == "80.000 ms"


def test_a_stall_holds_every_request(control, client):
    assert control.send("POST", "stall", {"seconds": 0.15}).json == {"seconds": 0.15}
    started = time.monotonic()
    assert client.send("GET", "/health").status == 200
    assert time.monotonic() - started > 0.1
    assert control.injected["counts"] == {"stall": 1, "stalled": 1}


def test_revoked_tokens_are_invalid(control, client):
    assert client.get("students").status == 200
    assert control.send("POST", "revoke-tokens").json["revoked"] >= 1
    reply = client.get("students")
    assert (reply.status, reply.json["errors"]) == (401, ["Invalid token"])
    client.headers = {}
    client.authorize()
    control.set({"kind": "revoke", "times": 1})
    assert client.get("students").status == 401


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("students", {**STUDENT, "studentUniqueId": "lost"}),
        (
            "sexDescriptors",
            {"namespace": "uri://ed-fi.org/SexDescriptor", "codeValue": "lost", "shortDescription": "x"},
        ),
    ],
)
def test_a_lost_write_is_acknowledged_gone_and_remembered(control, client, resource, body):
    control.set({"kind": "lost-write", "times": 1})
    acknowledged = client.post(resource, body)
    assert acknowledged.status == 201
    assert client.follow(acknowledged).status == 404
    (event,) = control.injected["events"]
    assert (event["kind"], event["detail"]) == ("lost-write", acknowledged.headers["location"])
    kept = client.post(resource, body)
    assert kept.status == 201
    control.set({"kind": "lost-write", "times": 1})
    assert client.send("DELETE", f"/data/ed-fi/{resource}/{kept.headers['location'].rpartition('/')[2]}").status == 204
    assert client.follow(kept).status == 200


def test_a_wrong_rule_is_told(control):
    reply = control.send("PUT", "faults", [{"kind": "error", "ratio": 7}])
    assert (reply.status, reply.json) == (400, {"error": "fault error: ratio is from 0 to 1"})
    assert control.send("PUT", "faults", b"{").status == 400
    assert control.send("PUT", "faults", {}).status == 400
    assert control.send("GET", "nothing").status == 404


def test_with_a_control_token_others_are_refused(make_client):
    with start_emulator(EmulatorOptions(port=0, control_token="open sesame", faults=("error:times=1",))) as emulator:
        control = Control(make_client(emulator))
        assert control.send("GET", "faults").status == 403
        rules = control.send("GET", "faults", X_Emulator_Token="open sesame").json
        assert [rule["kind"] for rule in rules] == ["error"]
        assert make_client(emulator).authorize().get("students").status == 503


def test_a_web_page_cannot_use_the_control_endpoint_from_this_machines_browser(control):
    assert control.send("POST", "revoke-tokens", Origin="https://evil.example.org").status == 403
    assert control.send("POST", "revoke-tokens").status == 200


def test_a_web_page_that_points_its_name_here_cannot_read_what_was_injected(control):
    assert control.send("GET", "injected", Host="evil.example:8080").status == 403
    assert control.send("GET", "injected", Host="e_v\\il").status == 403  # no name, thus in no URL
    assert control.send("GET", "injected", Host="LocalHost:8080").status == 200


def test_the_rate_limiter_comes_before_everything_and_says_when_to_return(make_client):
    with start_emulator(EmulatorOptions(port=0, rate_limit="4/60s")) as emulator:
        client = make_client(emulator)
        replies = [client.send("GET", "/data/ed-fi/students") for _ in range(4)]
    assert [reply.status for reply in replies[-2:]] == [401, 429]
    assert 50 <= int(replies[-1].headers["retry-after"]) <= 60
    assert replies[-1].headers["content-type"] == "application/problem+json; charset=utf-8"
    assert replies[-1].json["type"] == "urn:ed-fi:api:too-many-requests"
