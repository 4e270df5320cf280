"""Pipeclean without a network."""

from dms_load_test.scenarios import pipeclean


async def test_no_failure_names_an_ordinal_that_would_make_another_document(workload, user):
    named, create, update = [], user.api.create, user.api.update

    async def noted_create(resource, body, ordinal=-1):
        named.append(ordinal)
        return await create(resource, body, ordinal)

    async def noted_update(resource, document_id, body, ordinal=-1):
        named.append(ordinal)
        return await update(resource, document_id, body, ordinal)

    user.api.create, user.api.update = noted_create, noted_update
    steps = pipeclean.plan(workload).steps
    for step in steps:
        for user.iteration in range(step.executor.iterations):
            await step.iteration(user)

    documents, updated = sum(workload.counts.values()), len(workload.counts)
    assert named == [-1] * (documents + updated)
    assert user.api.documents == {}
    assert user.checks.keys() == {f"{operation} works for every resource" for operation in pipeclean.OPERATIONS}
    assert all(user.checks.values())
