"""Which workers are refused, and with which words."""

import pytest

from dms_load_test.cluster.admission import require_fit
from dms_load_test.cluster.post import Description
from dms_load_test.errors import ConfigError


def worker(version="1.0", files=None, busy=""):
    return {"tcp://10.0.0.1:1": Description(version, "node-1", files or {}, busy)}


def test_a_worker_of_this_version_with_the_same_files_takes_part():
    require_fit(worker(files={"mine.py": "aa"}), "1.0", {"mine.py": "aa"})


@pytest.mark.parametrize(
    ("workers", "files", "told"),
    [
        (worker(version="0.9"), {}, "worker tcp://10.0.0.1:1 on node-1 runs dms-load-test 0.9, this is 1.0"),
        (worker(), {"mine.py": "aa"}, "on node-1 has no file mine.py; copy it to the same place"),
        (worker(files={"mine.py": "bb"}), {"mine.py": "aa"}, "on node-1 has another mine.py; copy the same file"),
        (worker(busy="run-7"), {}, "on node-1 works for run run-7; wait"),
    ],
)
def test_any_other_is_refused_by_name_with_what_to_do(workers, files, told):
    with pytest.raises(ConfigError, match=told):
        require_fit(workers, "1.0", files)
