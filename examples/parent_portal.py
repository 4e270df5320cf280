"""A parents' portal: one page view asks for five things at the same time, as a browser does."""

from functools import partial

from dms_load_test.scenarios.api import Api, ConstantVus, Phase, Reply, VirtualUser, Workload, phase

NEEDS_DOCUMENTS = True
READS_ONLY = True
SHOWN = (
    "studentSchoolAssociations",
    "studentSectionAssociations",
    "studentSchoolAttendanceEvents",
    "grades",
)


async def view_page(vu: VirtualUser) -> None:
    student = vu.inventory.take("students", vu.random)
    if student is None:
        vu.drop("there are no students")
        return
    vu.inventory.give_back(student)  # looked at only: others may do so, too
    key = vu.generate.natural_key("students", student.ordinal)

    async def ask(resource: str, api: Api) -> Reply:
        return await api.query(resource, {**key, "limit": 25})

    began_s = vu.clock_s()
    replies = await vu.batch([partial(ask, resource) for resource in ("students", *SHOWN)])
    vu.observe("page_view", (vu.clock_s() - began_s) * 1000)
    vu.check("the page is complete", all(reply.ok for reply in replies))
    await vu.pace(vu.random.uniform(0.5, 1.5))


def plan(workload: Workload) -> Phase:
    return phase(
        workload.name or "portal",
        view_page,
        ConstantVus(vus=10, duration_s=min(60.0, workload.settings.duration_readwrite_phase)),
        thresholds=("page_view: p(95)<1000", "checks: rate==1"),
        trends=("page_view",),
    )
