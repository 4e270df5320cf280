"""What the doctor concludes from what it saw."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dms_load_test.app import checks
from dms_load_test.app.checks import State
from dms_load_test.engine.permissions import Rights, rights_of
from dms_load_test.engine.probe import Certificate

DAY_S = 86_400
WANTED = {"students": frozenset({"Create", "Read"}), "schools": frozenset({"Create"})}


def rights(operations, *, complete=True, refused=None):
    return Rights(operations, complete=complete, refused=refused or {}, claim_set="Mine")


def test_permissions_that_are_told_are_compared_with_all_that_is_planned():
    granted = {"students": frozenset({"Create", "Read", "Delete"}), "schools": frozenset({"Create"})}

    assert checks.permission_check(rights(granted), WANTED).state is State.OK
    lacking = checks.permission_check(rights({"students": frozenset({"Read"})}), WANTED)
    assert lacking.state is State.FAILED
    assert lacking.text == "claim set Mine lacks 2 of 2 planned resources: schools (Create), students (Create)"


def test_only_so_many_resources_that_lack_are_named_as_are_asked_for():
    wanted = {f"resource{number}": frozenset({"Create"}) for number in range(7)}

    assert checks.permission_check(rights({}), wanted).text.endswith("resource4 (Create) and 2 more")
    assert checks.permission_check(rights({}), wanted, most=7).text.endswith("resource5 (Create), resource6 (Create)")


def test_permissions_that_are_only_probed_fail_where_a_request_was_refused():
    seen = rights({}, complete=False, refused={"schools": frozenset({"Create", "Delete"})})

    assert checks.permission_check(seen, WANTED).text.endswith("lacks 1 of 2 planned resources: schools (Create)")
    assert checks.permission_check(rights({}, complete=False), WANTED).state is State.OK


@pytest.mark.parametrize("stated", ["", "soon", "Sun, 99 Nov 2026 99:00:00 GMT", "Sun, 01 Mar 99999999 08:00:00 GMT"])
def test_a_date_that_is_none_is_warned_of(stated):
    check = checks.date_check(stated, 0.0)

    assert (check.state, check.advice) == (State.WARNING, "compare the clocks by hand")
    assert stated in check.text


def test_a_date_is_compared_with_the_time_at_which_it_was_written():
    eight = datetime(2026, 3, 1, 8, tzinfo=UTC).timestamp()

    assert checks.date_check("Sun, 01 Mar 2026 08:00:00 GMT", eight + 0.9).text == "agrees"
    assert checks.date_check("Sun, 01 Mar 2026 09:00:00 GMT", eight).state is State.FAILED


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"resources": null}', b'{"resources": 7}'])
def test_a_token_info_without_resources_tells_no_rights(document):
    assert rights_of(document) is None


def test_a_token_info_tells_rights_by_resource():
    document = {
        "claim_set": {"name": "Mine"},
        "namespace_prefixes": ["uri://ed-fi.org"],
        "resources": [{"resource": "/tpdm/candidates", "operations": ["Read"]}],
    }

    found = rights_of(json.dumps(document).encode())

    assert (found.claim_set, found.namespaces) == ("Mine", ("uri://ed-fi.org",))
    assert found.operations == {"tpdm/candidates": frozenset({"Read"})}


@pytest.mark.parametrize(
    ("certificate", "insecure", "state"),
    [
        (Certificate("TLSv1.3", "X", "CA", 100 * DAY_S), False, State.OK),
        (Certificate("TLSv1.3", "X", "CA", 13 * DAY_S), False, State.WARNING),
        (Certificate("TLSv1.3", "X"), True, State.WARNING),
        (Certificate(error="self-signed certificate"), False, State.FAILED),
    ],
)
def test_a_certificate_is_good_for_a_while_or_warned_of(certificate, insecure, state):
    assert checks.certificate_check(certificate, 0.0, insecure=insecure).state is state


@pytest.mark.parametrize(
    ("difference_s", "state"), [(0, State.OK), (-4, State.OK), (6, State.WARNING), (-31, State.FAILED)]
)
def test_clocks_may_differ_by_seconds_and_not_by_half_a_minute(difference_s, state):
    assert checks.clock_check(difference_s).state is state


def test_a_jwt_tells_its_scope_and_any_other_token_nothing():
    claims = base64.urlsafe_b64encode(b'{"scope": "EdFiSandbox"}').decode().rstrip("=")

    assert "scope EdFiSandbox" in checks.token_check(1800, f"a.{claims}.c").text
    assert checks.token_claims("opaque") == checks.token_claims("a.!.c") == checks.token_claims("a.W10.c") == {}
    assert checks.token_check(60, "opaque").state is State.WARNING


def test_the_planned_rate_is_held_against_limits():
    assert checks.rate_check(1, 10.0, 0, "").state is State.OK
    assert "1 user can ask" in checks.rate_check(1, 10.0, 0, "").text
    assert "2,000 a second" in checks.rate_check(50, 10.0, 0, "").text
    assert "3 answers 429" in checks.rate_check(1, 10.0, 3, "").text
    assert "states a limit (100)" in checks.rate_check(1, 10.0, 0, "100").text


def test_disk_and_open_files_must_suffice():
    results = Path("results")
    small = checks.disk_check(results, 10**6, 0, 0.0)

    assert (small.state, small.text) == (State.FAILED, "1 MB free for results, about 50 MB needed")
    assert checks.disk_check(results, 10**12, 10**7, 3600.0).state is State.OK
    assert checks.files_check(100, 100).advice.startswith("run `ulimit -n 164`")
    assert checks.files_check(0, 10**6).state is State.OK


def test_a_machine_that_is_busy_or_too_slow_is_warned_of():
    assert checks.machine_check(10.0, 1000.0, 0.1, 2).state is State.OK
    assert "busy" in checks.machine_check(10.0, 1000.0, 1.5, 2).text
    assert checks.machine_check(10.0, 100_000.0, None, 2).state is State.WARNING
