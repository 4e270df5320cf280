"""Ctrl-C and SIGTERM at each stage of a run: at its start, between phases, and while its files are written."""

import os
import signal

import pytest

from dms_load_test.app import interrupts, run
from dms_load_test.app.programs import ProgramRunner

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def sends(number, times, then):
    """Return a function that signals this process and then does what `then` does."""

    def signalled(*arguments, **named):
        for _ in range(times):
            os.kill(os.getpid(), number)
        return then(*arguments, **named)

    return signalled


@SIGNALS
@pytest.mark.parametrize("stage", ["read_run", "write_summary", "_report", "print_summary"])
def test_a_signal_after_the_last_phase_lets_all_files_be_written(inside, server, monkeypatch, number, stage):
    monkeypatch.setattr(run, stage, sends(number, 1, getattr(run, stage)))
    ended = inside("smoke", **server.settings)

    assert (ended.code, ended.err) == (0, "")
    assert "Passed" in ended.out
    assert ended.summary["verdict"]["kind"] == "passed"
    assert (ended.folder / "report.html").exists()


@SIGNALS
def test_a_second_signal_while_the_report_is_made_ends_the_program_and_tells_what_can_be_had(
    inside, server, monkeypatch, number
):
    monkeypatch.setattr(run, "_report", sends(number, 2, run._report))
    ended = inside("smoke", **server.settings)

    assert (ended.code, ended.err) == (105, "dms-load-test: interrupted\n")
    assert f"`dms-load-test report {ended.folder}`" in ended.out
    assert not (ended.folder / "report.html").exists()
    assert inside("report", str(ended.folder)).code == 0
    assert (ended.folder / "report.html").exists()


@SIGNALS
def test_a_signal_between_phases_ends_the_run_in_order(inside, server, monkeypatch, number):
    once = iter([number])
    begun = ProgramRunner._run

    async def interrupted(self, *phases):
        await begun(self, *phases)
        for found in once:
            os.kill(os.getpid(), found)

    monkeypatch.setattr(ProgramRunner, "_run", interrupted)
    ended = inside("run", "--profile", "smoke", "--phase", "full", "-q", **server.settings)

    assert (ended.code, ended.err) == (105, "")
    assert ended.summary["verdict"]["kind"] == "interrupted"
    assert (ended.folder / "report.html").exists()


@SIGNALS
def test_a_signal_before_anything_is_sent_leaves_nothing(inside, server, monkeypatch, number):
    monkeypatch.setattr(run, "connected", sends(number, 1, run.connected))
    ended = inside("smoke", **server.settings)

    assert (ended.code, ended.err) == (105, "dms-load-test: interrupted\n")
    assert not list(ended.results.glob("*"))


@SIGNALS
def test_a_signal_while_the_record_is_begun_tells_where_it_is(inside, server, monkeypatch, number):
    monkeypatch.setattr(run, "crew_of", sends(number, 1, run.crew_of))
    ended = inside("smoke", **server.settings)

    assert ended.code == 105
    assert f"`dms-load-test report {ended.folder}`" in ended.out


def test_the_handlers_that_were_there_before_are_there_after(inside, server):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    inside("smoke", "-q", **server.settings)

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_when_the_loop_has_ended_reaches_no_closed_record():
    taken = interrupts.Interrupts()
    taken.let_finish()
    taken.take(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        taken.take(signal.SIGINT, None)
