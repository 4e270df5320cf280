"""The emulator in a process of its own: starts, hides its secret, outlives nothing, forgets nothing."""

import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dms_load_test.emulator import EmulatorOptions, process, serve, start_emulator
from dms_load_test.errors import ConfigError, TargetError

STUDENT = {"birthDate": "2014-08-14", "firstName": "Ann", "lastSurname": "Lee"}
KILL_ROUNDS = int(os.environ.get("KILL_ROUNDS", "3"))
SCHOOL_YEAR = {"schoolYear": 2025, "currentSchoolYear": True, "schoolYearDescription": "2024-2025"}


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def ends(pid, patience_s=10.0):
    deadline = time.monotonic() + patience_s
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def test_it_answers_with_the_credentials_it_was_given_and_ends_with_the_context(make_client):
    options = EmulatorOptions(port=0, key="mine", secret="my very own")
    with start_emulator(options) as emulator:
        assert (emulator.key, emulator.secret) == ("mine", "my very own")
        assert make_client(emulator).token().status == 200
        pid = emulator.pid
    assert ends(pid)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_the_secret_is_neither_on_the_command_line_nor_in_the_environment():
    with start_emulator(EmulatorOptions(port=0, secret="hush-hush")) as emulator:
        for shown in ("cmdline", "environ"):
            assert b"hush-hush" not in Path(f"/proc/{emulator.pid}/{shown}").read_bytes()
    assert "hush-hush" not in repr(emulator)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_it_ends_when_its_parent_is_killed():
    script = (
        "import time\n"
        "from dms_load_test.emulator import start_emulator\n"
        "with start_emulator() as emulator:\n"
        "    print(emulator.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(signal.SIGKILL)
    assert ends(pid)


def test_documents_in_a_file_are_there_again(tmp_path, make_client):
    options = EmulatorOptions(port=0, data=tmp_path / "documents.db")
    with start_emulator(options) as emulator:
        created = make_client(emulator).authorize().post("schoolYearTypes", SCHOOL_YEAR)
        assert created.status == 201
    with start_emulator(options) as emulator:
        client = make_client(emulator).authorize()
        assert client.follow(created).json["schoolYear"] == 2025
        assert client.get("sexDescriptors?totalCount=true&limit=1").headers["total-count"] == "4"


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_an_acknowledged_write_survives_a_killed_process(tmp_path, make_client):
    options = EmulatorOptions(port=0, data=tmp_path / "documents.db")
    with start_emulator(options) as emulator:
        client = make_client(emulator).authorize()
        for year in range(2000, 2030):
            assert client.post("schoolYearTypes", {**SCHOOL_YEAR, "schoolYear": year}).status == 201
        os.kill(emulator.pid, signal.SIGKILL)
    with start_emulator(options) as emulator:
        listed = make_client(emulator).authorize().get("schoolYearTypes").json
        assert [row["schoolYear"] for row in listed] == list(range(2000, 2030))


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("delay_s", [0.05 + 0.4 * number / KILL_ROUNDS for number in range(KILL_ROUNDS)])
def test_no_acknowledged_write_is_lost_when_it_is_killed_under_load(tmp_path, make_client, delay_s):
    options = EmulatorOptions(port=0, data=tmp_path / "documents.db")
    acknowledged = []

    def write(client, number):
        for ordinal in itertools.count():
            body = {**STUDENT, "studentUniqueId": f"{number}-{ordinal}"}
            try:
                reply = client.post("students", body)
            except (OSError, http.client.HTTPException):
                return
            assert reply.status == 201
            acknowledged.append(reply.headers["location"].rpartition("/")[2])

    with start_emulator(options) as emulator:
        clients = [make_client(emulator).authorize() for _ in range(4)]
        with ThreadPoolExecutor(len(clients)) as pool:
            writers = [pool.submit(write, client, number) for number, client in enumerate(clients)]
            time.sleep(delay_s)
            os.kill(emulator.pid, signal.SIGKILL)
            for writer in writers:
                writer.result()
    assert acknowledged
    with start_emulator(options) as emulator:
        client = make_client(emulator).authorize()
        assert [number for number in acknowledged if client.get(f"students/{number}").status != 200] == []
    print(f"killed after {delay_s:.2f} s: {len(acknowledged)} acknowledged writes, all there")  # noqa: T201 -- for -s


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_data_file_is_one_emulators_until_that_has_ended_however_it_did(tmp_path):
    options = EmulatorOptions(port=0, data=tmp_path / "documents.db")
    with start_emulator(options) as emulator:
        with pytest.raises(TargetError, match="another emulator uses it"), start_emulator(options):
            pass
        os.kill(emulator.pid, signal.SIGKILL)
        assert ends(emulator.pid)
        with start_emulator(options):
            pass


def test_a_data_file_that_cannot_be_used_is_told(tmp_path):
    with (
        pytest.raises(TargetError, match="No such file or directory; name a file in a folder"),
        start_emulator(EmulatorOptions(port=0, data=tmp_path / "nowhere" / "documents.db")),
    ):
        pass


def test_a_port_that_is_taken_is_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}: .* choose another"):
            serve(EmulatorOptions(port=port))


def test_why_an_emulator_does_not_answer_is_told():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/api"
        assert process._trouble(url, 5.0) == f"no answer from {url}: Connection refused"
