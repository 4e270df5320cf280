from dataclasses import replace

from dms_load_test.scenarios import smoke


async def test_a_sound_target_passes_every_check_and_keeps_nothing(user):
    await smoke.cycle(user)

    assert all(user.checks.values())
    assert len(user.checks) == 8
    assert user.api.documents == {}


async def test_a_refused_create_ends_the_cycle_with_a_failed_check(user):
    user.api.refuse = {"create"}
    await smoke.cycle(user)

    assert user.checks["a descriptor is created"] is False
    assert "delete" not in user.api.calls


async def test_an_update_that_did_not_take_is_noticed_by_reading_back(user):
    async def lost_update(resource, document_id, body, ordinal=-1):
        return user.api._reply("update", 204)

    user.api.update = lost_update
    await smoke.cycle(user)

    assert user.checks["the descriptor is updated"] is True
    assert user.checks["the change reads back"] is False


async def test_a_delete_that_did_not_take_is_noticed(user):
    async def lost_delete(resource, document_id):
        return user.api._reply("delete", 204)

    user.api.delete = lost_delete
    await smoke.cycle(user)

    assert user.checks["the descriptor is gone"] is False


def test_the_phase_has_the_name_that_a_plan_gives_it(workload):
    assert smoke.plan(workload).name == "smoke"
    assert smoke.plan(replace(workload, name="again")).name == "again"


def test_the_phase_is_one_cycle_of_at_most_30_seconds(workload):
    phase = smoke.plan(workload)

    assert phase.max_duration_s == 30.0
    assert [step.executor.iterations for step in phase.steps] == [1]
