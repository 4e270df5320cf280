"""Attendance at eight o'clock: teachers' systems send it at a rate that nobody can slow down."""

from dms_load_test.scenarios.api import ConstantArrivalRate, Phase, VirtualUser, Workload, phase

NEEDS_DOCUMENTS = True  # attendance is about students and sessions that a load made
RESOURCE = "studentSchoolAttendanceEvents"


async def send_attendance(vu: VirtualUser) -> None:
    ordinal = vu.next_ordinal(RESOURCE)
    reply = await vu.api.create(RESOURCE, vu.generate.payload(RESOURCE, ordinal), ordinal)
    vu.count("attendance", kind="accepted" if reply.ok else f"refused with {reply.status}")
    if reply.ok:
        vu.inventory.add(RESOURCE, ordinal, reply.document_id)


def plan(workload: Workload) -> Phase:
    executor = ConstantArrivalRate(
        rate_per_s=25.0,
        duration_s=min(60.0, workload.settings.duration_readwrite_phase),
        pre_allocated_vus=5,
        max_vus=100,
    )
    return phase(
        workload.name or "attendance",
        send_attendance,
        executor,
        thresholds=("http_req_duration{operation:create}: p(99)<2000", "attendance{kind:accepted}: count>0"),
        counters=("attendance",),
    )
