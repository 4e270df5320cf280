"""The worker's post box: who ended because nobody asked is not taken for one that has nothing to tell."""

import asyncio

import pytest

from dms_load_test.cluster import post
from dms_load_test.cluster.messages import Entered, Letter


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    monkeypatch.setattr(post, "COLLECT_S", 0)


@pytest.fixture
async def box():
    return post.Post("run")


async def test_a_worker_that_ended_because_nobody_asked_is_gone_after_its_last_words(box):
    box.report(Entered("load"))
    box.forsake()
    assert await box.collect() == [Entered("load")]
    assert await box.collect() == []  # it may still be at work

    box.closed = True

    assert await box.collect() is None


async def test_a_worker_that_failed_is_not_gone_so_that_what_it_told_last_ends_the_run(box):
    box.closed = True

    assert await box.collect() == []


async def listen_to(box):
    box.listen(print)


def fail(box):
    box.closed = True


@pytest.mark.parametrize("end", [post.Post.forsake, fail])
async def test_nothing_is_handed_to_the_loop_of_a_worker_that_has_ended(box, end):
    await asyncio.to_thread(asyncio.run, listen_to(box))
    end(box)

    box.deliver(("an instruction",))


async def test_a_worker_whose_questions_cease_ends_and_whoever_asks_then_is_told(monkeypatch):
    monkeypatch.setattr(post, "LEASE_S", -1)
    monkeypatch.setattr(post, "COLLECT_S", 5)  # the end of the thread comes before

    def serve(box, job):
        assert box.orphaned
        box.report(Entered(job))
        box.forsake()

    await post.open_post(serve, "run", "load")
    thread = post._POSTS["run"].thread
    await asyncio.to_thread(thread.join)

    assert await post.collect("run") == [Entered("load")]
    assert await post.collect("run") is None
    post.deliver("run", Letter(()))  # nobody is there to read it
    assert not post.describe(()).busy  # and it may be used again
    post.close_post("run")
