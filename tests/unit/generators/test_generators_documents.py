import hashlib
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import msgspec
import pytest

from dms_load_test.edfi.schema import ApiModel
from dms_load_test.edfi.standard import load_standard
from dms_load_test.errors import ConfigError
from dms_load_test.generators import DistrictSizes, build_documents

STANDARD = load_standard()
SMOKE = DistrictSizes(2, 2, 2, 2, 2)
DEV = DistrictSizes(10, 100, 20, 10, 3)
PROD = DistrictSizes(130, 75_000, 12_000, 50, 4)
STATE = DistrictSizes(9_000, 5_000_000, 700_000, 50, 4)
DIGEST = """
import hashlib
from dms_load_test.edfi.standard import load_standard
from dms_load_test.generators import DistrictSizes, build_documents
standard = load_standard()
uris = {n: [f"uri://ed-fi.org/{n}#{c}" for c in codes] for n, codes in standard.descriptor_values.items()}
documents = build_documents(standard.model, DistrictSizes(10, 100, 20, 10, 3), 1, uris)
digest = hashlib.sha256()
for resource, count in documents.counts.items():
    for ordinal in range(count):
        digest.update(documents.payload(resource, ordinal))
print(digest.hexdigest())
"""


def spelled(spell, codes=slice(None)):
    return {name: [spell(name, code) for code in values[codes]] for name, values in STANDARD.descriptor_values.items()}


def containers_in(value):
    if isinstance(value, dict | list):
        yield id(value)
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers_in(item)


def descriptors_in(document):
    for name, value in document.items():
        if isinstance(value, dict):
            yield from descriptors_in(value)
        elif isinstance(value, list):
            for item in value:
                yield from descriptors_in(item)
        elif name.endswith("Descriptor"):
            yield value


def test_two_processes_with_different_hash_seeds_make_the_same_bytes():
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1
    assert len(digests.pop().strip()) == len(hashlib.sha256().hexdigest())


def test_a_payload_is_its_document(build):
    documents = build(DEV)
    for resource in documents.counts:
        for ordinal in (0, documents.counts[resource] - 1):
            assert msgspec.json.decode(documents.payload(resource, ordinal)) == documents.document(resource, ordinal)


def test_documents_share_nothing_that_a_caller_could_change(build):
    documents = build(DEV)
    for resource in documents.counts:
        one, other = documents.document(resource, 0), documents.document(resource, 0)
        assert one == other
        assert not set(containers_in(one)) & set(containers_in(other)), resource


def test_other_seeds_make_other_natural_keys_of_all_but_school_years(build):
    keys = {}
    for seed in (0, 1, 2, 12345, 899_999):
        documents = build(DEV, seed)
        for resource, count in documents.counts.items():
            for ordinal in {0, count // 2, count - 1}:
                key = (resource, tuple(documents.natural_key(resource, ordinal).items()))
                if resource != "schoolYearTypes":
                    assert key not in keys, f"{key} of {seed} is also of {keys.get(key)}"
                keys[key] = seed


def test_another_seed_makes_other_people(build):
    names = [[build(DEV, seed).document("students", n)["firstName"] for n in range(20)] for seed in (1, 2)]

    assert names[0] != names[1]


def test_descriptors_are_spelled_as_the_target_spells_them():
    uris = spelled(lambda name, code: f"uri://state.example.org/{name}#{code.upper()}")
    documents = build_documents(STANDARD.model, SMOKE, 1, uris)
    known = {uri for values in uris.values() for uri in values}
    ninth = documents.document("studentSchoolAssociations", 1)["entryGradeLevelDescriptor"]

    assert ninth == "uri://state.example.org/GradeLevelDescriptor#NINTH GRADE"
    for resource in documents.counts:
        assert known.issuperset(descriptors_in(documents.document(resource, 0)))


def test_a_target_with_a_single_value_of_each_descriptor_gets_no_repeated_items():
    documents = build_documents(STANDARD.model, SMOKE, 1, spelled(lambda name, _: f"uri://x/{name}#Only", slice(0, 1)))
    school = documents.document("schools", 0)

    assert school["gradeLevels"] == [{"gradeLevelDescriptor": "uri://x/GradeLevelDescriptor#Only"}]
    assert len(school["institutionTelephones"]) == 1


def test_a_descriptor_that_the_target_has_no_values_of_is_created_with_those_of_the_standard():
    uris = spelled(lambda name, code: f"uri://ed-fi.org/{name}#{code}")
    codes = STANDARD.descriptor_values["CalendarEventDescriptor"]
    del uris["CalendarEventDescriptor"]
    documents = build_documents(STANDARD.model, SMOKE, 1, uris)
    created = [documents.document("calendarEventDescriptors", n) for n in range(len(codes))]

    assert documents.counts["calendarEventDescriptors"] == len(codes)
    assert [(one["namespace"], one["codeValue"]) for one in created] == [
        ("uri://ed-fi.org/CalendarEventDescriptor", code) for code in codes
    ]
    assert [name for name in documents.counts if name.endswith("Descriptors")] == ["calendarEventDescriptors"]
    used = {documents.document("calendarDates", n)["calendarEvents"][0]["calendarEventDescriptor"] for n in range(180)}
    assert used <= {f"{one['namespace']}#{one['codeValue']}" for one in created}


def test_resources_that_the_target_does_not_have_are_not_planned():
    model = ApiModel({"students": STANDARD.model.resources["students"]})
    documents = build_documents(model, DEV, 1, spelled(lambda name, code: f"uri://ed-fi.org/{name}#{code}"))

    assert documents.counts == {"students": 100}


def test_an_ordinal_beyond_what_is_planned_is_refused_where_the_resource_cannot_grow(build):
    documents = build(SMOKE)

    assert documents.document("students", 2)["studentUniqueId"].endswith("0000003")
    with pytest.raises(ValueError, match="schools: there is no document 2; 2 are planned"):
        documents.document("schools", 2)
    with pytest.raises(ValueError, match="there is no document -1"):
        documents.payload("students", -1)


def test_what_may_not_change_is_refused(build):
    documents = build(SMOKE)

    assert "calendarDates" not in documents.updatable
    with pytest.raises(ValueError, match="calendarDates"):
        documents.changed("calendarDates", 0, 1)
    with pytest.raises(ValueError, match="revision 0"):
        documents.changed("students", 0, 0)


def test_leaves_of_the_district_can_grow(build):
    assert build(DEV).growable >= {
        "students",
        "contacts",
        "staffs",
        "studentSchoolAttendanceEvents",
        "studentAssessments",
        "studentProgramAssociations",
        "staffSectionAssociations",
        "staffEducationOrganizationAssignmentAssociations",
    }


def test_the_counts_are_those_of_the_sizes(build):
    counts = build(PROD).counts

    assert len(counts) == 30
    assert (counts["schools"], counts["students"], counts["staffs"]) == (130, 75_000, 12_000)
    assert (counts["courses"], counts["sections"]) == (130 * 50, 130 * 50 * 4)
    assert counts["calendarDates"] == 130 * 180
    assert counts["studentSectionAssociations"] == 75_000 * 6
    assert counts["grades"] == 75_000 * 6 * 4
    assert 300 <= sum(build(SMOKE).counts.values()) <= 800
    assert 3_000 <= sum(build(DEV).counts.values()) <= 9_999


def test_a_state_of_five_million_students_takes_no_more_memory_than_a_district():
    def peak(sizes):
        tracemalloc.start()
        documents = build_documents(STANDARD.model, sizes, 1, uris)
        for resource, count in documents.counts.items():
            documents.payload(resource, count - 1)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    uris = spelled(lambda name, code: f"uri://ed-fi.org/{name}#{code}")
    peak(SMOKE)

    assert peak(STATE) <= 1.1 * peak(PROD)


def test_ids_of_a_state_s_schools_fit_into_32_bits_and_its_agencies_are_several(build):
    documents = build(STATE, 899_999)
    last = documents.document("schools", 8_999)

    assert documents.counts["localEducationAgencies"] == 45
    assert 0 < last["schoolId"] < 2**31
    agency = documents.document("localEducationAgencies", 44)
    assert last["localEducationAgencyReference"]["localEducationAgencyId"] == agency["localEducationAgencyId"]


@pytest.mark.parametrize("field", ["schools", "students", "staff", "courses_per_school", "sections_per_course"])
def test_a_size_below_one_is_refused(field):
    with pytest.raises(ConfigError, match=f"{field} is 0; it must be at least 1"):
        replace(SMOKE, **{field: 0})


def test_a_school_year_far_off_is_refused():
    with pytest.raises(ConfigError, match="school_year is 25"):
        replace(SMOKE, school_year=25)
