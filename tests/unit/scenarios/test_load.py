from dataclasses import replace

from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.scenarios import load


async def _run_all(phase, user):
    for step in phase.steps:
        for number in range(step.executor.iterations):
            user.iteration = number
            await step.iteration(user)


def test_each_dependency_level_is_a_step_with_all_its_documents(workload):
    phase = load.plan(workload)

    assert [(step.name, dict(step.planned), step.executor.iterations) for step in phase.steps] == [
        ("level 1 of 2", {"parents": 4, "notes": 2}, 6),
        ("level 2 of 2", {"children": 9}, 9),
    ]
    assert phase.planned == {"parents": 4, "notes": 2, "children": 9}


async def test_every_planned_document_is_sent_exactly_once(workload, user):
    await _run_all(load.plan(workload), user)

    sent = sorted(document["key"] for document in user.api.documents.values())
    expected = sorted(f"{resource}-{n}" for resource, count in workload.counts.items() for n in range(count))
    assert sent == expected


async def test_what_was_created_is_remembered_with_its_id(workload, user):
    await _run_all(load.plan(workload), user)

    entry = user.inventory.take("parents", user.random)
    assert user.api.documents[entry.document_id]["key"] == f"parents-{entry.ordinal}"


async def test_a_refused_document_is_not_remembered(workload, user):
    user.api.refuse = {"create"}
    await _run_all(load.plan(workload), user)

    assert user.inventory.count("parents") == 0


def test_the_phase_limits_its_steps_together_and_asks_again_where_an_answer_may_pass(workload):
    phase = load.plan(workload)

    assert phase.max_duration_s == 60.0
    assert phase.retry.attempts > 1
    assert phase.thresholds == ("http_req_duration: p(95)<5000", "integrity_violations: count==0")


async def test_what_was_sent_before_is_neither_sent_nor_planned_again(workload, user):
    sent = {"parents": OrdinalSet(range(4)), "notes": OrdinalSet([0, 1]), "children": OrdinalSet([0, 1, 4, 8])}

    phase = load.plan(replace(workload, sent=sent))
    await _run_all(phase, user)

    assert [(step.name, dict(step.planned)) for step in phase.steps] == [("level 2 of 2", {"children": 5})]
    assert sorted(document["key"] for document in user.api.documents.values()) == [
        f"children-{n}" for n in (2, 3, 5, 6, 7)
    ]


def test_documents_that_refer_to_earlier_ones_of_their_resource_wait_for_those_below_their_roots(workload):
    workload.documents.roots = {"parents": 1}

    steps = load.plan(workload).steps

    assert [dict(step.planned) for step in steps] == [{"parents": 1, "notes": 2}, {"parents": 3}, {"children": 9}]


def test_a_load_that_was_sent_whole_has_no_steps(workload):
    sent = {resource: OrdinalSet(range(count)) for resource, count in workload.counts.items()}

    assert load.plan(replace(workload, sent=sent)).steps == ()
