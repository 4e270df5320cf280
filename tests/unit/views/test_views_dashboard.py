"""What browsers are told: the newest state, each part once."""

import asyncio
import json

import pytest

from dms_load_test.results.events import Manifest, Note, Second, SecondRow, StepBegin, StepEnd
from dms_load_test.results.page import page_of
from dms_load_test.results.story import Story
from dms_load_test.views.dashboard import Board
from dms_load_test.views.pages import PARTS, bytes_text, render_page, render_part

HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}"


def told(message):
    return json.loads(message.removeprefix(b"data: "))


@pytest.fixture
def story():
    made = Story()
    made.add(Manifest(HOSTILE, "2026-03-01T08:00:00Z", "0", HOSTILE, HOSTILE, 1, ("load",), notes=(HOSTILE,)))
    return made


def tick(story, t, requests=5):
    story.add(Second(t, 1.0, "load", 1, 1, (SecondRow("load", "read", True, requests, requests, 9, 9),)))


async def test_a_browser_gets_everything_and_then_only_what_changed(story):
    board = Board(lambda: page_of(story))
    messages = board.messages(pause_s=0)
    first = told(await anext(messages))
    tick(story, 1.0)
    board.changed()
    second = told(await anext(messages))
    await messages.aclose()

    assert first["parts"].keys() == PARTS.keys()
    assert "figures" in second["parts"]
    assert "accounts" not in second["parts"]


async def test_a_slow_browser_skips_to_the_newest_state(story):
    board = Board(lambda: page_of(story))
    messages = board.messages(pause_s=0)
    await anext(messages)
    for t in range(1, 101):
        tick(story, float(t))
        board.changed()
    late = told(await anext(messages))
    await messages.aclose()

    assert ">500<" in late["parts"]["figures"]
    assert late["charts"]["charts"][0]["x"] == [float(t) for t in range(1, 101)]


async def test_a_browser_that_has_all_is_not_told_again(story):
    board = Board(lambda: page_of(story))
    messages = board.messages(pause_s=0)
    await anext(messages)
    waiting = asyncio.ensure_future(anext(messages))
    for _ in range(5):
        await asyncio.sleep(0)

    assert not waiting.done()
    board.changed(ended=True)
    assert told(await waiting)["ended"] is True


async def test_nothing_is_rendered_while_nobody_looks(story):
    reads = []
    board = Board(lambda: reads.append(1) or page_of(story))
    for _ in range(10):
        board.changed()

    assert reads == []


async def test_the_number_of_browsers_is_bounded(story):
    board = Board(lambda: page_of(story))
    open_ones = [board.messages(pause_s=0) for _ in range(20)]
    for messages in open_ones:
        await anext(messages)

    with pytest.raises(StopAsyncIteration):
        await anext(board.messages(pause_s=0))
    for messages in open_ones:
        await messages.aclose()


def test_a_step_without_requests_has_no_response_times(story):
    story.add(StepBegin(0.0, "load", "count before", "shared-iterations", 4, iterations=30))
    story.add(StepEnd(0.1, "load", "count before", "finished", 30, 0))

    row = render_part("steps", page_of(story))
    assert row.count(">\N{EN DASH}</td>") == 3
    assert ">0.000</td>" not in row


def test_every_part_escapes_what_others_said(story):
    story.add(Note(1.0, HOSTILE))
    page = page_of(story)

    for name in PARTS:
        assert "<script>" not in render_part(name, page)
    whole = render_page(page)
    assert "<script>alert" not in whole
    assert "&lt;script&gt;alert(1)" in whole
    assert "{{7*7}}" in whole


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (4_200_000, "4.2 MB"), (3 * 10**15, "3,000.0 TB")]
)
def test_bytes_are_told_with_three_digits(count, text):
    assert bytes_text(count) == text
