from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from dms_load_test.app.abort import Tripwire, described, forbidden
from dms_load_test.config import Settings
from dms_load_test.errors import StorageError
from dms_load_test.results.run_folder import RunFolder
from dms_load_test.sample import Failure


def failure(status, ordinal=3):
    return Failure(
        "load", "create", "students", status, "conflict", '{"detail":"no"}', "POST /data/ed-fi/students", "c-1", ordinal
    )


@pytest.mark.parametrize(
    ("settings", "status", "ends"),
    [
        (Settings(), 409, False),
        (Settings(abort_on_4xx=True), 409, True),
        (Settings(abort_on_4xx=True), 503, False),
        (Settings(abort_on_4xx=True), 0, False),
        (Settings(abort_on_4xx=True, abort_allow=(401, 409)), 409, False),
        (Settings(abort_on_4xx=True, abort_allow=(401, 409)), 403, True),
        (Settings(stop_on_first_failure=True), 0, True),
        (Settings(stop_on_first_failure=True, abort_allow=(409,)), 409, True),
    ],
)
def test_a_failure_ends_the_run_where_the_settings_say_so(settings, status, ends):
    assert forbidden(settings, failure(status)) is ends


def test_a_failure_is_shown_with_its_document_and_how_to_repeat_it():
    documents = SimpleNamespace(
        counts={"students": 9}, document=lambda resource, ordinal: {"key": f"{resource} {ordinal}"}
    )

    shown = "\n".join(described(failure(409), documents, "run-1"))

    assert "POST /data/ed-fi/students got 409 (load)" in shown
    assert '{"key":"students 3"}' in shown
    assert '{"detail":"no"}' in shown
    assert "correlation id  c-1" in shown
    assert "dms-load-test send students 3 --run run-1" in shown


def test_a_failure_without_a_document_is_shown_without_one():
    documents = SimpleNamespace(counts={"students": 9})

    shown = "\n".join(described(failure(404, ordinal=-1), documents, "run-1"))

    assert "send" not in shown
    assert "request" not in shown


def test_a_first_failure_that_cannot_be_written_down_is_told_as_the_disk_s(tmp_path):
    session = Mock(listeners=[])
    tripwire = Tripwire(
        session, Settings(stop_on_first_failure=True), SimpleNamespace(counts={}), RunFolder(tmp_path / "gone")
    )
    tripwire.set_up()

    with pytest.raises(StorageError, match=r"first-failure\.txt: No such file"):
        session.on_failure(failure(503))
