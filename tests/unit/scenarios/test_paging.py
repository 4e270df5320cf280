from dataclasses import replace

import pytest

from dms_load_test.scenarios import paging

COMPLETE = "{} pages hold as many documents as are counted"
SAME = "every way of paging reads the same documents"
READABLE = "an answer holds what a page should"


@pytest.fixture
def walk(workload, with_settings, user):
    """Walk through all resources in all ways, with pages of three; `between` is done before each walk."""
    for resource, count in workload.counts.items():
        for ordinal in range(count):
            document_id = f"{resource}/{ordinal}"
            user.api.documents[document_id] = {**workload.documents.document(resource, ordinal), "id": document_id}

    async def walk_all(between=lambda _: None, **changes):
        behaviour = paging.Paging(replace(with_settings(page_sizes=(3,)), **changes), "paging")
        for number in range(len(behaviour.walks)):
            between(number)
            user.iteration = number
            await behaviour.iterate(user)

    return walk_all


async def test_every_way_reads_all_documents_of_a_sound_target(walk, user):
    await walk()

    ways = ("offset", "reverse offset", "cursor", "partitions")
    assert user.checks == {READABLE: True, SAME: True, **{COMPLETE.format(way): True for way in ways}}
    assert user.counts["walks", "checked"] == 3 * len(ways)


async def test_a_page_that_lacks_a_row_fails_its_check(walk, user):
    user.api.garble = lambda page: page[:2]
    await walk()

    assert user.checks[COMPLETE.format("cursor")] is False
    assert user.checks[COMPLETE.format("partitions")] is False


async def test_ways_that_read_other_documents_fail_their_check(walk, user):
    pages = []

    def other(page):
        pages.append(page)
        return [{**item, "id": f"{item['id']}, page {len(pages)}"} for item in page]

    user.api.garble = other
    await walk()

    assert user.checks[COMPLETE.format("offset")] is True
    assert user.checks[SAME] is False


async def test_nothing_is_compared_any_more_once_a_count_was_seen_to_change(walk, user):
    """Equal counts do not tell equal documents where others write: 2, 3, and 2 others."""

    def write(number):
        documents = user.api.documents
        if number == 4:
            documents["notes/7"] = {"id": "notes/7"}
        if number == 7:
            del documents["notes/0"]

    await walk(write)

    assert user.checks[SAME] is True
    assert user.counts["walks", "not checked: others write"] == 3


async def test_beside_a_scenario_that_writes_nothing_is_compared(walk, user):
    await walk(beside_writers=True)

    assert user.checks == {READABLE: True}
    assert user.counts["walks", "not checked: others write"] == 12


async def test_a_walk_with_a_page_that_failed_is_not_checked(walk, user):
    user.api.refuse = {"query"}
    await walk()

    assert user.checks == {READABLE: True}
    assert user.counts["walks", "not checked: a page failed"] == 12
