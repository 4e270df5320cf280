"""Operating it: setting the client up, examining, cleaning up, stopping early, keeping secrets and production safe."""

import json
import os
import re
import shlex
import sys
from types import SimpleNamespace

import pytest

from dms_load_test.emulator import EmulatorOptions, start_emulator
from dms_load_test.emulator.claims import CLAIM_SETS
from dms_load_test.engine import config_service

LOAD = ("run", "--profile", "smoke", "--phase", "load", "-q")


def service_of(server):
    return server.base_url.removesuffix("/api")


def settings_in(folder):
    lines = (folder / ".env.load-test").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.mark.parametrize("version", ["/config", ""])
def test_a_client_is_made_once_and_then_reused_renewed_or_replaced(inside, server, version):
    url = service_of(server) + version
    first = inside("setup-client", CONFIG_SERVICE_URL=url)
    made = settings_in(inside.folder)
    again = inside("setup-client")
    renewed = inside("setup-client", CLIENT_ID=made["CLIENT_ID"], CLIENT_SECRET="not-this-one")
    replaced = inside("setup-client", CLAIM_SET="E2E-NoFurtherAuthRequiredClaimSet")
    kept = settings_in(inside.folder)

    assert [ended.code for ended in (first, again, renewed, replaced)] == [0, 0, 0, 0], first.err
    assert "exists and works: nothing is changed" in again.out
    assert "new credentials" in renewed.out
    covered = len(CLAIM_SETS["E2E-NoFurtherAuthRequiredClaimSet"].grants)
    assert f"Warning: E2E-NoFurtherAuthRequiredClaimSet covers {covered} resources only" in replaced.out
    assert kept["CLIENT_ID"] != made["CLIENT_ID"]
    assert kept["CONFIG_SERVICE_CLIENT_ID"] == made["CONFIG_SERVICE_CLIENT_ID"]
    said = "".join(ended.out + ended.err for ended in (first, again, renewed, replaced))
    assert not [name for name, value in (made | kept).items() if name.endswith("SECRET") and value.strip("'") in said]
    if os.name == "posix":
        assert (inside.folder / ".env.load-test").stat().st_mode & 0o777 == 0o600


def test_what_was_made_runs_a_test_and_is_deleted_without_rubbish(inside, server):
    inside("setup-client", CONFIG_SERVICE_URL=service_of(server))
    smoke = inside("smoke", "-q")
    deleted = inside("setup-client", "--delete")
    after = inside("smoke", "-q")

    assert smoke.code == 0, smoke.err
    assert "Deleted application" in deleted.out
    assert "Deleted vendor" in deleted.out
    assert not {"CLIENT_ID", "CLIENT_SECRET"} & settings_in(inside.folder).keys()
    assert after.code == 104
    assert "let `dms-load-test setup-client` make a client" in after.err


def test_the_file_has_the_secret_in_one_way_however_it_was_kept_before(inside, server):
    (inside.folder / ".env.load-test").write_text(
        f"CONFIG_SERVICE_URL={service_of(server)}\nCLIENT_ID=gone\nCLIENT_SECRET_COMMAND='printf gone'\n"
    )
    made = inside("setup-client")
    smoke = inside("smoke", "-q")
    deleted = inside("setup-client", "--delete")
    after = inside("config")

    assert [ended.code for ended in (made, smoke, deleted, after)] == [0, 0, 0, 0], made.err + smoke.err + after.err


def test_a_keycloak_token_endpoint_serves_administrators_too(inside, server):
    url = service_of(server) + "/realms/edfi/protocol/openid-connect/token"
    ended = inside("setup-client", CONFIG_SERVICE_URL=service_of(server), CONFIG_SERVICE_TOKEN_URL=url)

    assert ended.code == 0, ended.err


def test_credentials_stay_when_it_cannot_be_told_whether_they_work(inside, server):
    inside("setup-client", CONFIG_SERVICE_URL=service_of(server))
    before = (inside.folder / ".env.load-test").read_bytes()
    ended = inside("setup-client", OAUTH_TOKEN_URL="http://127.0.0.1:9/token")

    assert ended.code == 110
    assert "nothing was changed" in ended.err
    assert (inside.folder / ".env.load-test").read_bytes() == before


def test_the_doctor_examines_in_order_and_leaves_nothing(inside, server):
    ended = inside("doctor", "--profile", "smoke", "--json", **server.settings)
    found = {check["name"]: check for check in json.loads(ended.out)}

    assert ended.code == 0
    assert list(found) == [
        "configuration", "name", "connection", "TLS", "discovery", "clock", "round trip", "token", "metadata",
        "permissions", "descriptors", "rate limit", "disk", "open files", "machine",
    ]  # fmt: skip
    assert not [check for check in found.values() if check["state"] in {"failed", "skipped"}]
    assert "Ed-Fi 5.2.0" in found["discovery"]["text"]
    assert found["descriptors"]["state"] == "ok"
    assert server.counts(["students", "schoolYearTypes"]) == {"students": 0, "schoolYearTypes": 0}
    assert not ended.results.exists()


def test_the_doctor_warns_of_descriptors_that_the_standard_has_values_of(inside):
    with start_emulator(EmulatorOptions(port=0, empty=True)) as bare:
        ended = inside("doctor", API_BASE_URL=bare.base_url, CLIENT_ID=bare.key, CLIENT_SECRET=bare.secret)

    assert ended.code == 0, ended.out
    assert re.search(r"warning  descriptors  .*; no values: \w+Descriptor", ended.out)


def test_where_there_is_no_token_info_harmless_requests_show_permissions(inside):
    options = EmulatorOptions(port=0, flavor="ods", claim_set="E2E-NoFurtherAuthRequiredClaimSet")
    with start_emulator(options) as ods:
        ended = inside("doctor", API_BASE_URL=ods.base_url, CLIENT_ID=ods.key, CLIENT_SECRET=ods.secret)

    assert ended.code == 110
    assert re.search(r"failed   permissions .* lacks \d+ of 30 planned resources: .*staffSchoolAssociations", ended.out)


def test_clean_leaves_what_others_made_and_refuses_another_target(inside, server):
    theirs = inside(*LOAD, results="theirs", **server.settings)
    mine = inside(*LOAD, **server.settings)
    with start_emulator(EmulatorOptions(port=0, secret=server.secret)) as other:
        astray = inside("clean", "--yes", "--target", other.base_url, CLIENT_ID=other.key, CLIENT_SECRET=other.secret)
    unasked = inside("clean", **server.settings)
    cleaned = inside("clean", "--yes", mine.folder.name, **server.settings)
    again = inside("clean", "--yes", **server.settings)

    assert (theirs.code, mine.code, cleaned.code) == (0, 0, 0), cleaned.out
    assert astray.code == 104
    assert "was against" in astray.err
    assert unasked.code == 104
    assert "give --yes" in unasked.err
    assert server.counts(["students", "schools", "schoolYearTypes"]) == {
        "students": 2, "schools": 2, "schoolYearTypes": 15,
    }  # fmt: skip
    assert re.search(r"schoolYearTypes +0 +0 +0 +15\n", cleaned.out), cleaned.out
    assert "Nothing of this run was left" in again.out or re.search(r"all +0 +0 +0 +15\n", again.out)


def test_a_run_can_clean_up_after_itself(inside, server):
    ended = inside(*LOAD[:-1], "--clean-after", **server.settings)

    assert ended.code == 0, ended.err
    assert "Cleaned up after the run" in ended.out
    assert server.counts(["students", "schools"]) == {"students": 0, "schools": 0}


def test_a_quiet_run_cleans_up_without_a_word(inside, server):
    ended = inside(*LOAD, "--clean-after", **server.settings)

    assert ended.code == 0, ended.err
    assert re.fullmatch(r"Passed: .*\.\n", ended.out)
    assert server.counts(["students", "schools"]) == {"students": 0, "schools": 0}


def test_an_export_that_cannot_be_written_costs_neither_verdict_nor_report_nor_cleaning_up(inside, server):
    (inside.folder / "k6.json.partial").mkdir()  # where the file is written first, which nobody looks at beforehand
    ended = inside(*LOAD[:-1], "--clean-after", "--summary-export", "k6.json", **server.settings)

    assert ended.code == 0, ended.err
    assert re.search(r"\nNot exported: --summary-export k6.json: .*; choose another file", ended.out)
    assert "Cleaned up after the run" in ended.out
    assert (ended.folder / "report.html").exists()


def test_a_repeated_seed_is_told_and_what_an_earlier_run_made_stays(inside, server):
    inside(*LOAD, "--seed", "7", results="first", **server.settings)
    second = inside(*LOAD, "--seed", "7", **server.settings)
    cleaned = inside("clean", "--yes", **server.settings)

    assert any("Repeated seed 7" in note for note in second.summary["manifest"]["notes"])
    assert cleaned.code == 0
    assert "will be deleted" not in cleaned.out
    assert re.search(r"all +0 +0 +0 +\d+\n", cleaned.out)
    assert server.counts(["students"]) == {"students": 2}


def test_the_first_failure_ends_the_run_and_is_shown_in_full(inside):
    fault = "error:status=503,methods=POST,path=/data/ed-fi/staffs"
    with start_emulator(EmulatorOptions(port=0, faults=(fault,))) as failing:
        ended = inside(
            *LOAD, "--set", "STOP_ON_FIRST_FAILURE=true",
            API_BASE_URL=failing.base_url, CLIENT_ID=failing.key, CLIENT_SECRET=failing.secret,
        )  # fmt: skip
    shown = (ended.folder / "first-failure.txt").read_text()

    assert ended.code == 108
    for part in (
        "POST /api/data/ed-fi/staffs got 503",
        '"staffUniqueId"',
        "correlation id",
        "response",
        "send staffs ",
    ):
        assert part in shown
    assert failing.secret not in shown


def test_production_is_not_loaded_by_accident(inside):
    target = {"API_BASE_URL": "https://edfi-prod.invalid/api", "CLIENT_ID": "a", "CLIENT_SECRET": "b"}
    refused = inside("run", **target)
    known = inside("run", "--i-know-this-is-production", **target)

    assert refused.code == 104
    assert "looks like production" in refused.err
    assert known.code == 110
    assert "production" not in known.err


def test_a_secret_from_a_command_is_used_and_never_shown(inside, server):
    keeper = inside.folder / "keeper.py"
    keeper.write_text(f"print('{server.secret}')\n")
    words = f"{shlex.quote(sys.executable)} {shlex.quote(str(keeper))}"
    settings = {"API_BASE_URL": server.base_url, "CLIENT_ID": server.key, "CLIENT_SECRET_COMMAND": words}
    ended = inside("smoke", **settings)
    shown = inside("config", **settings)

    assert ended.code == 0, ended.err
    assert server.secret not in ended.out + ended.err + shown.out
    assert all(server.secret.encode() not in path.read_bytes() for path in ended.folder.iterdir() if path.is_file())


def test_prefix_and_id_range_make_the_data_recognisable(inside, server):
    settings = {"KEY_PREFIX": "LT-", "EDUCATION_ORGANIZATION_IDS": "990000000-999999999"}
    ended = inside(*LOAD, **server.settings, **settings)
    students = inside("generate", "students", "-n", "1", **settings)
    schools = inside("generate", "schools", "-n", "1", **settings)

    assert ended.code == 0, ended.out + ended.err
    assert json.loads(students.out)["studentUniqueId"].startswith("LT-")
    assert 990_000_000 <= json.loads(schools.out)["schoolId"] <= 999_999_999


def test_the_inventory_is_shown_by_resource_and_phase_and_document(inside, server):
    ended = inside(*LOAD, **server.settings)
    table = inside("inventory")
    assert max(map(len, table.out.splitlines())) <= 80
    listed = inside("inventory", "--ids")

    planned = sum(row["created"] for row in ended.summary["accounts"])
    assert re.search(r"students +load +2 +0 +0\n", table.out)
    assert len(listed.out.splitlines()) == planned
    assert json.loads(listed.out.splitlines()[0])["document_id"]


def test_a_run_that_goes_on_is_not_resumed_or_cleaned(inside, server, wait_for):
    process = inside.start("run", "--profile", "dev", "--phase", "load", "-q", **server.settings)
    wait_for(lambda: list((inside.folder / "results").glob("*/inventory.sqlite3")))
    resumed = inside("resume", **server.settings)
    cleaned = inside("clean", "--yes", **server.settings)
    process.terminate()
    inside.end(process)

    assert (resumed.code, cleaned.code) == (104, 104)
    assert "still going on" in resumed.err
    assert "still going on" in cleaned.err


def test_the_names_of_version_2_are_spoken_too(inside, server, monkeypatch):
    monkeypatch.setattr(config_service, "VERSIONS", config_service.VERSIONS[1:])
    made = inside("setup-client", CONFIG_SERVICE_URL=service_of(server))
    again = inside("setup-client")
    deleted = inside("setup-client", "--delete")

    assert "version v2" in made.out
    assert "Data store 1, Emulator" in made.out
    assert "exists and works" in again.out
    assert "Deleted vendor" in deleted.out
    assert [ended.code for ended in (made, again, deleted)] == [0, 0, 0]


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 104)])
def test_a_run_without_credentials_offers_to_make_a_client(inside, server, monkeypatch, answer, code):
    monkeypatch.setattr("typer.confirm", lambda _: answer)
    inside.stdin = SimpleNamespace(isatty=lambda: True)
    ended = inside("smoke", "-q", API_BASE_URL=server.base_url, CONFIG_SERVICE_URL=service_of(server))

    assert ended.code == code, ended.out + ended.err
    assert (inside.folder / ".env.load-test").exists() == (code == 0)
