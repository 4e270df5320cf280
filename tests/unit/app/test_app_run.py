"""What a run tells of itself."""

from types import SimpleNamespace

from dms_load_test.app.run import progress_note
from dms_load_test.load.ordinals import OrdinalSet


def test_what_readwrite_created_is_no_part_of_what_was_loaded_before():
    sent = {"schools": OrdinalSet(range(5)), "students": OrdinalSet([*range(990), *range(1000, 1012)])}
    workload = SimpleNamespace(counts={"schools": 5, "students": 1000}, sent=sent)

    assert progress_note(workload) == "995 of 1,005 documents were loaded before; 10 are left."
