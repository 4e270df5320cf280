"""A new school year: first the descriptors are checked, then students are registered and read back, in two phases."""

from dms_load_test.scenarios.api import (
    PerVuIterations,
    Phase,
    SharedIterations,
    VirtualUser,
    Workload,
    document_of,
    encode,
    phase,
    rows_of,
)

NEEDS_DOCUMENTS = True


async def check_grade_levels(vu: VirtualUser) -> None:
    reply = await vu.api.request("GET", "metadata/specifications")
    vu.check("the API describes itself", reply.ok)
    levels = await vu.api.query("gradeLevelDescriptors", {"limit": 100})
    vu.check("there are grade levels", bool(rows_of(levels)))


async def register(vu: VirtualUser) -> None:
    ordinal = vu.next_ordinal("students")
    student = vu.generate.document("students", ordinal)
    created = await vu.api.create("students", encode(student), ordinal)
    if not vu.check("a student is registered", created.ok):
        return
    vu.inventory.add("students", ordinal, created.document_id)
    read = await vu.api.read("students", created.document_id)
    found = document_of(read) or {}
    vu.check("the student reads back", found.get("firstName") == student["firstName"])
    await vu.think(0.05)


def plan(workload: Workload) -> tuple[Phase, ...]:
    users = workload.settings.vus_readwrite_phase
    before = f"{workload.name}: " if workload.name else ""  # so that a plan can have it twice
    once = PerVuIterations(vus=1, iterations=1, max_duration_s=30.0)
    shared = SharedIterations(vus=users, iterations=50, max_duration_s=300.0)
    return (
        phase(f"{before}grade levels", check_grade_levels, once),
        phase(f"{before}registration", register, shared),
    )
