from dataclasses import replace

import pytest

from dms_load_test.app.target import documents_of, embedded
from dms_load_test.config import Settings
from dms_load_test.edfi.schema import ApiModel, Leaf, Node, Reference, ResourceSchema, walk_references
from dms_load_test.edfi.standard import load_standard
from dms_load_test.scenarios import load
from dms_load_test.scenarios.lost import BLOCKED, Lost


@pytest.fixture(scope="module")
def model():
    return load_standard().model


def test_what_refers_to_a_lost_document_is_blocked_and_nothing_else_is(model):
    lost = Lost(model)
    assert not lost
    lost.add("students", {"studentUniqueId": "S1", "firstName": "Ana"})
    enrollment = {"entryDate": "2025-08-18", "schoolReference": {"schoolId": 1}}
    assert lost
    assert lost.blocks("studentSchoolAssociations", enrollment | {"studentReference": {"studentUniqueId": "S1"}})
    assert not lost.blocks("studentSchoolAssociations", enrollment | {"studentReference": {"studentUniqueId": "S2"}})
    assert not lost.blocks("schools", {"schoolId": 1})


def test_a_lost_school_blocks_what_refers_to_it_as_an_education_organization(model):
    lost = Lost(model)
    lost.add("schools", {"schoolId": 255901})
    course = {"courseCode": "ALG", "educationOrganizationReference": {"educationOrganizationId": 255901}}
    assert lost.blocks("courses", course)
    assert lost.blocks("sections", {"locationSchoolReference": {"schoolId": 255901}})
    course["educationOrganizationReference"] = {"educationOrganizationId": 255902}
    assert not lost.blocks("courses", course)


def test_references_in_keys_and_in_collections_are_seen(model):
    lost = Lost(model)
    lost.add("classPeriods", {"classPeriodName": "01", "schoolReference": {"schoolId": 1}})
    periods = [{"classPeriodReference": {"classPeriodName": name, "schoolId": 1}} for name in ("02", "01")]
    assert lost.blocks("sections", {"classPeriods": periods})
    assert not lost.blocks("sections", {"classPeriods": periods[:1]})
    assert not lost.blocks("sections", {})


def test_a_lost_offering_of_a_course_blocks_its_sections_though_they_name_its_school_once(model):
    """An offering's school is its session's, too; a section's reference to it has one `schoolId` for both."""
    lost = Lost(model)
    session = {"schoolId": 1, "schoolYear": 2025, "sessionName": "Fall"}
    lost.add(
        "courseOfferings",
        {"localCourseCode": "ALG", "schoolReference": {"schoolId": 1}, "sessionReference": session},
    )
    assert lost.blocks("sections", {"courseOfferingReference": {"localCourseCode": "ALG", **session}})
    assert not lost.blocks(
        "sections", {"courseOfferingReference": {"localCourseCode": "ALG", **session, "schoolId": 2}}
    )


def test_whatever_refers_to_a_lost_document_is_blocked_in_every_resource_of_the_standard():
    model, _, values = embedded()
    settings = Settings(
        resources=("all",), optional_members="all", school_count=1, student_count=3, staff_count=2, counts=("*=2",)
    )
    documents = documents_of(settings, 1, model, values)
    made = {name: [documents.document(name, n) for n in range(count)] for name, count in documents.counts.items()}
    seen = set()
    for target in (*made, *model.abstract):
        lost = Lost(model)
        for name in model.abstract[target].subclasses if target in model.abstract else (target,):
            for document in made.get(name, ()):
                lost.add(name, document)
        for referrer, its_documents in made.items():
            references = walk_references(model.resources[referrer].body)
            paths = [path.split(".")[1:] for path, reference in references if reference.target == target]
            for document in its_documents:
                if any(has(document, path) for path in paths):
                    assert lost.blocks(referrer, document), (target, document)
                    seen.add((target, referrer))
    assert len(seen) > 200


def has(value, path):
    if isinstance(value, list):
        return any(has(item, path) for item in value)
    return not path or has(value.get(path[0].removesuffix("[*]"), []), path[1:])


@pytest.fixture
def family(workload):
    """children refer to the parent of their own number."""
    name = Leaf("key", "string", required=True)
    reference = Reference("parentReference", "parents", (name,), {"key": "$.key"})
    parents = ResourceSchema("parents", "Parent", Node((name,)), ("$.key",))
    children = ResourceSchema("children", "Child", Node((name,), (reference,)), ("$.key",))
    plain = workload.documents.document

    def document(resource, ordinal):
        refers = {"parentReference": {"key": f"parents-{ordinal % 4}"}} if resource == "children" else {}
        return plain(resource, ordinal) | refers

    workload.documents.document = document
    return replace(workload, model=ApiModel({"parents": parents, "children": children}))


async def test_a_load_counts_what_it_need_not_send(family, user):
    phase = load.plan(family)
    sent = []
    create = user.api.create

    async def refusing(resource, body, ordinal=-1):
        sent.append((resource, ordinal))
        user.api.refuse = {"create"} if (resource, ordinal) == ("parents", 2) else set()
        return await create(resource, body, ordinal)

    user.api.create = refusing
    for step in phase.steps:
        for number in range(step.executor.iterations):
            user.iteration = number
            await step.iteration(user)

    assert [ordinal for resource, ordinal in sent if resource == "children"] == [0, 1, 3, 4, 5, 7, 8]
    assert user.counts[BLOCKED, "children"] == 2
    assert user.drops == ["what it refers to could not be created"] * 2
    assert BLOCKED in phase.counters
