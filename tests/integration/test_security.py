"""What docs/security.md promises, where no room's own tests say it already."""

import stat
import sys
import urllib.request
from datetime import UTC, datetime

import pytest

from dms_load_test.app.dashboard import dashboard_options, start_dashboard
from dms_load_test.app.plan_file import read_plan_file
from dms_load_test.cli import main
from dms_load_test.cli.watching import watching_settings
from dms_load_test.config.dotenv_file import change_file
from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator import EmulatorOptions
from dms_load_test.engine.options import TransportOptions, tls_context
from dms_load_test.errors import ConfigError, TargetError
from dms_load_test.generators.override_file import parse_overrides
from dms_load_test.monitor.postgres import Postgres
from dms_load_test.results.events import Manifest, Note
from dms_load_test.results.page import page_of
from dms_load_test.results.run_folder import create_run_folder, find_run
from dms_load_test.results.story import Story
from dms_load_test.views.report import render_report

CODE = "!!python/object/apply:os.mkdir [{folder}]"
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_a_plan_file_runs_no_code(tmp_path):
    plan, made = tmp_path / "plan.yaml", tmp_path / "made"
    plan.write_text(f"settings: {CODE.format(folder=made)}\nstages: [smoke]\n")

    with pytest.raises(ConfigError):
        read_plan_file(plan, {})
    assert not made.exists()


def test_a_file_of_overrides_runs_no_code(tmp_path):
    made = tmp_path / "made"

    with pytest.raises(ConfigError):
        parse_overrides(
            f"students:\n  firstName: {CODE.format(folder=made)}\n", "overrides.yaml", load_standard().model, 1
        )
    assert not made.exists()


@pytest.mark.parametrize("name", ["../../outside", "/etc/outside", "..", "a/b", "a\\b", "x" * 300, "\x00"])
def test_no_name_of_a_profile_leads_out_of_the_results(tmp_path, name):
    folder = create_run_folder(tmp_path / "results", AT, name, "3f9a")

    assert folder.path.resolve().parent == (tmp_path / "results").resolve()


@pytest.mark.parametrize("name", ["../outside", "*/../../outside", ".."])
def test_no_name_of_a_run_leads_to_what_is_no_run(tmp_path, name):
    (tmp_path / "outside").mkdir()
    (tmp_path / "results").mkdir()

    with pytest.raises(ConfigError, match="no run"):
        find_run(tmp_path / "results", name)


def test_a_servers_words_stay_words_in_the_report():
    hostile = "</script><img src=x onerror=alert(1)>{{7*7}}{% raw %}"
    story = Story()
    story.add(Manifest("r", "2026-03-01T08:00:00Z", "0", hostile, hostile, 1, ("load",), notes=(hostile,)))
    story.add(Note(1.0, hostile))

    report = render_report(page_of(story))

    assert "<img src=x" not in report
    assert "{{7*7}}" in report
    assert "default-src &#39;none&#39;" in report or "default-src 'none'" in report


def test_all_that_listens_does_so_for_this_machine_unless_told_otherwise(tmp_path):
    assert EmulatorOptions().host == "127.0.0.1"
    assert dashboard_options(tmp_path, "127.0.0.1", 0).token == ""


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS listens on 127.0.0.1 only, unless told otherwise")
def test_a_dashboard_goes_by_the_loopback_address_that_was_asked_for(tmp_path):
    with start_dashboard(dashboard_options(tmp_path / "record.jsonl", "127.0.0.2", 0)) as url:
        assert url.startswith("http://127.0.0.2:")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "load.example.org"])
def test_a_dashboard_that_others_reach_has_a_new_token_each_time(tmp_path, host):
    tokens = {dashboard_options(tmp_path, host, 0).token for _ in range(3)}

    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 20


def test_certificates_and_names_are_checked_and_old_protocols_refused():
    context = tls_context(TransportOptions())

    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.minimum_version.name == "TLSv1_2"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights than modes")
def test_a_file_with_the_secret_is_its_owners_alone(tmp_path):
    path = tmp_path / ".env.load-test"
    change_file(path, {"CLIENT_SECRET": "x"})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_servers_words_do_not_command_the_terminal(monkeypatch, capsys):
    def fail():
        raise TargetError("it answered \x1b]0;owned\x07\x1b[2J here")

    monkeypatch.setattr("dms_load_test.cli.app", fail)
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 110
    assert "\x1b" not in (said := capsys.readouterr().err)
    assert "it answered" in said


@pytest.mark.parametrize(
    "given",
    [
        "CLIENT_SECRET=hush-hush",
        " CLIENT_SECRET = hush-hush",
        "PERF_API_SECRET=hush-hush",
        "OTLP_HEADERS=api-key=hush-hush",
        "POSTGRES_URL=postgresql://me:hush-hush@host/edfi",
        "POSTGRES_URL=postgresql://me:hush-hush@[host/edfi",
    ],
)
def test_a_secret_is_refused_on_the_command_line_where_others_could_read_it(monkeypatch, capsys, given):
    monkeypatch.setattr("sys.argv", ["dms-load-test", "config", "--set", given])
    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert ended.value.code == 104
    assert "can be read by others" in said.err
    assert "hush-hush" not in said.err + said.out


@pytest.mark.parametrize("given", ["API_BASE_URL=http://[::1/api", "CONFIG_SERVICE_URL=http://[::1"])
def test_an_address_that_cannot_be_taken_apart_is_told_as_such(monkeypatch, capsys, given):
    monkeypatch.setattr("sys.argv", ["dms-load-test", "config", "--set", given])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 104
    assert "expected an http or https URL" in capsys.readouterr().err


def test_a_database_s_address_that_cannot_be_taken_apart_is_no_traceback_and_not_shown():
    pytest.importorskip("psycopg", reason="no PostgreSQL driver here")

    assert watching_settings(None, None, "postgresql://[x", None, None, samples=False) == [
        "POSTGRES_URL=postgresql://[x"
    ]
    with pytest.raises(ConfigError, match="POSTGRES_URL cannot be read") as told:
        Postgres("postgresql://me:hush-hush@[host/edfi")
    assert "hush-hush" not in str(told.value)
