"""When a target counts as gone."""

import pytest

from dms_load_test.metrics.aggregate import Snapshot
from dms_load_test.metrics.tally import SeriesKey, Tally, sums_of
from dms_load_test.metrics.unanswered import Unanswered
from dms_load_test.sample import NS_PER_S


def second(number, *, answered=0, unanswered=0):
    """The snapshot of the second that ends at `number`."""
    tally = Tally()
    for status, count in ((503, answered), (0, unanswered)):
        for _ in range(count):
            tally.series[SeriesKey("load", "create", "students", status, ok=False, final=True)].prompt.record(1000)
    return Snapshot("load", (number - 1) * NS_PER_S, number * NS_PER_S, 1, 1, tally, sums_of(tally.series))


def told(after_s, *seconds):
    unanswered = Unanswered(after_s)
    return [unanswered.add(each) for each in seconds]


def test_a_target_is_silent_since_its_last_answer_of_any_kind():
    seconds = (second(1, answered=1), *(second(n, unanswered=2) for n in (2, 3, 4)))

    assert told(3.0, *seconds) == [0.0, 0.0, 0.0, 3.0]


def test_an_answer_ends_the_silence():
    seconds = (second(1, unanswered=9), second(2, unanswered=9, answered=1), second(3, unanswered=9))

    assert told(2.0, *seconds) == [0.0, 0.0, 0.0]


def test_time_in_which_nothing_ended_is_no_silence_until_a_request_goes_without_an_answer():
    seconds = (second(1, answered=1), second(2), second(3), second(4, unanswered=9))

    assert told(2.0, *seconds) == [0.0, 0.0, 0.0, 0.0]


def test_time_before_the_first_second_is_no_silence():
    seconds = (second(n, unanswered=9) for n in (46, 47))

    assert told(2.0, *seconds) == [0.0, 2.0]


def test_a_pause_between_seconds_is_no_silence():
    seconds = (second(1, answered=1), *(second(n, unanswered=9) for n in (46, 47)))

    assert told(2.0, *seconds) == [0.0, 0.0, 2.0]


def test_a_few_unanswered_requests_are_not_enough():
    assert told(1.0, second(1, unanswered=4), second(2), second(3, unanswered=1)) == [0.0, 0.0, 3.0]


@pytest.mark.parametrize("count", [1, 100])
def test_a_patience_of_0_never_ends(count):
    assert told(0.0, *(second(n, unanswered=count) for n in range(1, 4))) == [0.0, 0.0, 0.0]
