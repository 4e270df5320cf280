"""The commands in the documentation work.

Blocks marked ```` ```bash run ```` are run as they stand, in order, a page in a folder of its own, with sizes that are
small and phases that are short; with ```` ```bash run server ```` the client of an emulator is in the environment.
That emulator stands where a page says 127.0.0.1:8080 or localhost:8081. Every other command is read as the command
line would read it, its settings included, and ends before it does anything.
"""

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from dms_load_test.app.inspect import documents_and_graph
from dms_load_test.app.plan_file import read_plan_file
from dms_load_test.cli import app
from dms_load_test.config import load_settings, parse_assignments
from dms_load_test.emulator import EmulatorOptions, start_emulator
from dms_load_test.generators import DistrictSizes
from dms_load_test.metrics.thresholds import parse_threshold

ROOT = Path(__file__).parents[2]
PAGES = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
SHELLS = {"bash", "sh"}
SCRIPTS = {"./run-load-test.sh": "run", "./run-smoke-test.sh": "smoke"}
LIMIT_S = 110
SMALL = {
    "SCHOOL_COUNT": "1",
    "STUDENT_COUNT": "2",
    "STAFF_COUNT": "2",
    "COURSES_PER_SCHOOL": "2",
    "SECTIONS_PER_COURSE": "2",
    "DURATION_READWRITE_PHASE": "1s",
    "THINK_TIME_MIN": "0s",
    "THINK_TIME_MAX": "10ms",
    "EXPORTS": "none",
}
ANSWERS = {"docs/emulator.md": ("HTTP/1.1 201", '"lastSurname":"Lee"', "Data Validation Failed", '"revoked":')}
"""What a page's blocks say when they work, where their exit codes do not tell: curl is content with any answer."""
COMMAND = f"""#!/bin/sh
exec {shlex.quote(sys.executable)} -m dms_load_test "$@"
"""


def blocks(kinds):
    """(page, number of the block, its words, its text) of the fenced blocks of these kinds."""
    for page, path in PAGES.items():
        for number, match in enumerate(FENCE.finditer(path.read_text(encoding="utf-8"))):
            words = match["kind"].split()
            if words and words[0] in kinds:
                yield page, number, words, match["text"]


def lines_of_shells():
    """(page, line) of each command line shown in a block, and of each of ours shown in a sentence."""
    for page, _, _, text in blocks({*SHELLS, "console"}):
        for line in text.replace("\\\n", " ").splitlines():
            yield page, re.sub(r"^[\w-]*\$ ", "", line)
    for page, path in PAGES.items():
        for code in re.findall(r"`(dms-load-test [a-z][^`]*)`", FENCE.sub("", path.read_text(encoding="utf-8"))):
            yield page, code.replace("\\|", "|")


def commands():
    """(page, arguments) of each call of ours."""
    for page, line in lines_of_shells():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words and words[0] in SCRIPTS:
            yield page, [SCRIPTS[words[0]], *words[1:]]
        elif words and words[0] == "dms-load-test":
            yield page, words[1 : next((n for n, word in enumerate(words) if word in {">", "|"}), None)]


CALLS = list(commands())
STORIES = sorted({page for page, _, words, _ in blocks(SHELLS) if "run" in words})


@pytest.mark.parametrize(("page", "call"), CALLS, ids=lambda part: part if isinstance(part, str) else shlex.join(part))
def test_a_command_is_one_that_there_is(page, call, tmp_path):
    group = get_command(app)
    name, *arguments = call
    context = group.commands[name].make_context(name, arguments)
    given = parse_assignments(context.params.get("settings") or ())

    load_settings(context.params.get("profile"), given, {}, tmp_path)


@pytest.fixture(scope="module")
def running():
    with start_emulator(EmulatorOptions(port=0, key="emulator", secret="emulator-secret")) as emulator:
        yield emulator


@pytest.fixture
def desk(tmp_path):
    """A folder that looks like the checkout, with the command on the path."""
    (tmp_path / "bin").mkdir()
    scripts = {tmp_path / script: f'#!/bin/sh\nexec dms-load-test {name} "$@"\n' for script, name in SCRIPTS.items()}
    for path, text in {**scripts, tmp_path / "bin" / "dms-load-test": COMMAND}.items():
        path.write_text(text)
        path.chmod(0o755)
    for name in ("examples", ".env.profiles"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="the pages show a POSIX shell")
@pytest.mark.parametrize("page", STORIES)
def test_a_page_can_be_followed(page, desk, running):
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    alone = kept | SMALL | {"PATH": f"{desk / 'bin'}:{os.environ['PATH']}"}
    client = {"API_BASE_URL": running.base_url, "CLIENT_ID": running.key, "CLIENT_SECRET": running.secret}
    address = running.base_url.removeprefix("http://").removesuffix("/api")
    said = ""
    for at, number, words, text in blocks(SHELLS):
        if at != page or "run" not in words:
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", re.sub(r"127\.0\.0\.1:8080|localhost:8081", address, text)],
            cwd=desk,
            env=alone | (client if "server" in words else {}),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{page}, block {number}:\n{text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        said += done.stdout
    assert [answer for answer in ANSWERS.get(page, ()) if answer not in said] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_as_python_compiles_and_yaml_parses(page):
    for at, number, words, text in blocks({"python", "yaml"}):
        if at == page and words[0] == "python":
            compile(text, f"{page}, block {number}", "exec", dont_inherit=True)
        elif at == page:
            assert isinstance(yaml.safe_load(text), dict)


@pytest.mark.parametrize("profile", ["smoke", "dev", "staging", "prod"])
def test_the_sizes_of_a_profile_are_those_that_it_has(profile, tmp_path):
    settings = load_settings(profile, {}, {}, tmp_path).settings
    documents, _ = documents_and_graph(settings)
    users = f"{settings.vus_load_phase}, {settings.vus_readwrite_phase}"
    sizes = [settings.school_count, settings.student_count, settings.staff_count, sum(documents.counts.values())]
    (row,) = re.findall(rf"^\| `{profile}` \| \D.*$", PAGES["docs/profiles.md"].read_text(), re.MULTILINE)

    assert row.endswith(f" | {' | '.join(f'{size:,}' for size in sizes)} | {users} |")


@pytest.mark.skipif(sys.platform == "win32", reason="the benchmarks measure with what POSIX tells")
def test_the_benchmark_of_the_data_plans_the_districts_that_the_pages_tell_of(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    plans = importlib.import_module("generators").PLANS
    (state,) = re.findall(
        r"`(STUDENT_COUNT=\d+ SCHOOL_COUNT=\d+ STAFF_COUNT=\d+)`", PAGES["docs/distributed.md"].read_text()
    )
    for name, sizes in {"prod": [], "state": state.split()}.items():
        settings = load_settings("prod", parse_assignments(sizes), {}, tmp_path).settings
        documents, _ = documents_and_graph(settings)

        assert plans[name] == DistrictSizes(
            settings.school_count,
            settings.student_count,
            settings.staff_count,
            settings.courses_per_school,
            settings.sections_per_course,
        )
        assert f"{sum(documents.counts.values()):,} documents" in PAGES["docs/generators.md"].read_text()


def test_the_benchmarks_shown_have_the_options_shown():
    shown = {
        (script, option)
        for path in PAGES.values()
        for script, options in re.findall(r"python (benchmarks/\w+\.py)((?: +--?[\w-]+| +[\w.,/]+)*)", path.read_text())
        for option in ("", *re.findall(r"--[\w-]+", options))
    }

    assert len(shown) > 10
    assert [pair for pair in sorted(shown) if f'"{pair[1]}' not in (ROOT / pair[0]).read_text()] == []


def test_every_threshold_shown_can_be_judged():
    shown = re.findall(r"^\w+(?:\{.*\})?: .*\d.*$", PAGES["docs/metrics.md"].read_text(), re.MULTILINE)

    assert len(shown) >= 6
    assert all(parse_threshold(line).conditions for line in shown)


def test_the_plan_shown_is_one(tmp_path):
    shown = [text for page, _, _, text in blocks({"yaml"}) if page == "docs/scenarios.md"]
    (tmp_path / "plan.yaml").write_text(shown[0])

    assert read_plan_file(tmp_path / "plan.yaml", {}).program


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell's script")
def test_a_second_run_in_ci_is_compared_with_the_first(desk, running):
    settings = SMALL | {"API_BASE_URL": running.base_url, "CLIENT_ID": running.key, "CLIENT_SECRET": running.secret}
    environment = settings | {"PATH": f"{desk / 'bin'}:{os.environ['PATH']}"}
    script = desk / "examples" / "ci" / "load-test.sh"
    ended = [
        subprocess.run(
            [script], cwd=desk, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        for _ in range(2)
    ]

    assert ended[0].returncode == 0, ended[0].stdout + ended[0].stderr
    assert ended[1].returncode == 0, ended[1].stdout + ended[1].stderr  # a second of load is too little to be slower
    first, second = sorted((desk / "results").iterdir(), key=lambda run: run.stat().st_mtime)
    assert (desk / "base" / "smoke" / "record.jsonl").read_bytes() == (second / "record.jsonl").read_bytes()
    comparison = (desk / "comparison.md").read_text()
    assert first.name in comparison
    assert second.name in comparison
