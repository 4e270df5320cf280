"""What `--samples` costs the loop that times requests: microseconds a request, and what the thread takes beside.

python benchmarks/samples.py
"""

import tempfile
import time
from pathlib import Path

from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.results.samples import SampleLog
from dms_load_test.sample import Sample

NUMBER = 200_000
MS = 1_000_000


def sample(i):
    start = i * MS + 123_456
    return Sample(
        "readwrite", "create", "studentSchoolAssociations", 201,
        True, True,  # noqa: FBT003 - a sample's members in their order
        "", 1, start, start, start + 7 * MS + i, 1000, 0, 0, 20_000 + i, 6 * MS + i, 30_000, 900 + i % 50, 310,
    )  # fmt: skip


def took_us(take, samples):
    began = time.perf_counter_ns()
    for each in samples:
        take(each)
    return (time.perf_counter_ns() - began) / len(samples) / 1000


def main():
    samples = [sample(i) for i in range(NUMBER)]
    counting = took_us(Aggregate(0, "readwrite").add, samples)
    with tempfile.TemporaryDirectory() as folder:
        log = SampleLog(Path(folder) / "samples", {})
        cpu = time.process_time()
        with log:
            # In bursts with pauses, as requests come: 10,000 a second.
            writing = sum(
                took_us(log.add, samples[at : at + 1000]) + (time.sleep(0.1) or 0) for at in range(0, NUMBER, 1000)
            ) / (NUMBER / 1000)
        cpu = (time.process_time() - cpu) / NUMBER * 1e6
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.gz")) / NUMBER
    print(f"counting {counting:.2f} us, writing down {writing:.2f} us on the loop, {cpu:.2f} us of CPU in all")
    print(f"{size:.1f} bytes a request on disk, {log.left_out} left out")


if __name__ == "__main__":
    main()
