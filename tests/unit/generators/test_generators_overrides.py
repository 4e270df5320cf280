import re
from datetime import date

import pytest

from dms_load_test.edfi.standard import load_standard
from dms_load_test.errors import ConfigError
from dms_load_test.generators import DataOptions, DistrictSizes, build_documents
from dms_load_test.generators.override_file import parse_overrides

STANDARD = load_standard()
URIS = {
    name: [f"uri://ed-fi.org/{name}#{code}" for code in codes] for name, codes in STANDARD.descriptor_values.items()
}


def made(text, resource, count=100, chosen=None):
    overrides = parse_overrides(text, "mine.yaml", STANDARD.model, seed=1)
    options = DataOptions(resources=chosen, overrides=overrides)
    documents = build_documents(STANDARD.model, DistrictSizes(2, 100, 10, 4, 2), 1, URIS, options)
    return [documents.document(resource, n) for n in range(min(count, documents.counts[resource]))]


def test_a_constant_stands_in_every_document():
    assert {one["birthCity"] for one in made("students: {birthCity: Springfield}", "students")} == {"Springfield"}


def test_choices_come_in_their_shares():
    found = [one["middleName"] for one in made("students: {middleName: {choices: {Lee: 9, Ann: 1}}}", "students")]

    assert 80 <= found.count("Lee") <= 98
    assert found.count("Lee") + found.count("Ann") == 100


def test_a_range_of_numbers_and_one_of_dates_are_kept():
    text = """
    studentSchoolAssociations:
      fullTimeEquivalency: {range: [0.5, 1.0]}
      exitWithdrawDate: {range: [2025-05-01, 2025-05-31]}
    """
    found = made(text, "studentSchoolAssociations")

    assert all(0.5 <= one["fullTimeEquivalency"] <= 1 for one in found)
    assert len({one["exitWithdrawDate"] for one in found}) > 10
    assert all(date(2025, 5, 1) <= date.fromisoformat(one["exitWithdrawDate"]) <= date(2025, 5, 31) for one in found)


def test_a_template_is_made_of_other_fields():
    one = made('staffs: {loginId: {template: "{firstName}.{lastSurname}"}}', "staffs")[0]

    assert one["loginId"] == f"{one['firstName']}.{one['lastSurname']}"


def test_braces_that_are_doubled_and_fields_that_are_not_there_are_allowed():
    one = made('staffs: {loginId: {template: "{{{firstName}}}{maidenName}"}}', "staffs")[0]

    assert one["loginId"] == f"{{{one['firstName']}}}{one.get('maidenName', '')}"


def test_a_mimesis_provider_is_drawn_from():
    found = {one["lastSurname"] for one in made("students: {lastSurname: {mimesis: person.last_name}}", "students")}

    assert len(found) > 30


def test_a_template_of_which_nothing_comes_leaves_the_field_as_it_was():
    plain = made("{}", "staffs")
    changed = made('staffs: {firstName: {template: "{maidenName}"}}', "staffs")

    assert not any(one.get("maidenName") for one in plain)
    assert [one["firstName"] for one in changed] == [one["firstName"] for one in plain]


def test_items_that_an_override_of_their_key_makes_equal_are_one():
    plain = made("{}", "schools")
    changed = made("schools: {gradeLevels.gradeLevelDescriptor: Ninth grade}", "schools")

    assert all(len(one["gradeLevels"]) > 1 for one in plain)
    uri = "uri://ed-fi.org/GradeLevelDescriptor#Ninth grade"
    assert [one["gradeLevels"] for one in changed] == [[{"gradeLevelDescriptor": uri}]] * len(plain)


def test_items_that_differ_in_another_part_of_their_key_all_stay():
    resource, text = "studentEducationOrganizationAssociations", "electronicMails.electronicMailAddress: a@b.org"
    before, after = made("{}", resource), made(f"{resource}: {{{text}}}", resource)

    kinds = [[item["electronicMailTypeDescriptor"] for item in one["electronicMails"]] for one in before]
    assert [[item["electronicMailTypeDescriptor"] for item in one["electronicMails"]] for one in after] == kinds


def test_a_field_in_a_collection_is_overridden_in_each_item_and_others_stay_as_they_are():
    plain = made("{}", "schools")
    changed = made("schools: {addresses.city: Ogdenville}", "schools")

    assert {item["city"] for one in changed for item in one["addresses"]} == {"Ogdenville"}
    assert {item["city"] for one in plain for item in one["addresses"]} != {"Ogdenville"}


def test_generic_documents_can_be_overridden_too():
    chosen = frozenset({"crisisEvents"})

    found = made("crisisEvents: {crisisDescription: Flood}", "crisisEvents", chosen=chosen)

    assert {one["crisisDescription"] for one in found} == {"Flood"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("students:\n  birthTown: x", "mine.yaml:2: students.birthTown: students has no such field"),
        ("\nstudent: {}", "mine.yaml:2: student: the target has no such resource; did you mean students?"),
        ("students: {studentUniqueId: x}", "mine.yaml:1: students.studentUniqueId: is part of a natural key"),
        ("students: {birthDate: {range: [2010-01-01, 5]}}", "range: expected [least, most] of one kind"),
        ("students: {middleName: {range: [A, Z]}}", "range: expected [least, most] of one kind"),
        ("students: {middleName: {range: [null, null]}}", "range: expected [least, most] of one kind"),
        ("students: {birthSexDescriptor: {range: [1, 2]}}", "range: expected choices, for a descriptor"),
        ("students: {multipleBirthStatus: {range: [false, true]}}", "range: expected [least, most] of one kind"),
        ("students: {birthDate: {range: [2010-01-02, 2010-01-01]}}", "range: expected [least, most] of one kind"),
        (
            "students: {birthDate: {range: [2010-01-01 00:00:00, 2010-01-02T00:00:00Z]}}",
            "range: expected [least, most] of one kind",
        ),
        (
            "students: {birthDate: {range: [2010-01-01 00:00:00, 2010-01-02 00:00:00]}}",
            "is no date, such as 2025-08-31",
        ),
        ("students: {middleName: {choices: [[a, b]]}}", "['a', 'b'] is no string"),
        ("students: {middleName: {choices: [{a: 1}]}}", "{'a': 1} is no string"),
        ("students: {middleName: {choices: {A: .nan}}}", "weights above 0"),
        ("students: {middleName: {choices: {A: .inf}}}", "weights above 0"),
        ("students: {birthSexDescriptor: [Male, Female]}", "['Male', 'Female'] is no string"),
        ("students: {birthSexDescriptor: null}", "None is no string"),
        ("students: {birthSexDescriptor: ''}", "has no code value"),
        ("students: {birthDate: soon}", "mine.yaml:1: students.birthDate: 'soon' is no date, such as 2025-08-31"),
        ("students: {birthDate: 2025-W01-1}", "is no date"),
        ("students: {birthDate: !!bool 7}", "no plain value"),
        ("students: {birthDate: !!timestamp x}", "no plain value"),
        ("students: {birthDate: {template: '{firstName}'}}", "for a text field"),
        ("students: {preferredFirstName: ''}", "students.preferredFirstName: '' is empty"),
        ("students: {middleName: {template: '{firstNam} B.'}}", "no field firstNam beside it; did you mean firstName?"),
        ("schools: {addresses.city: {template: '{nameOfInstitution}'}}", "no field nameOfInstitution beside it"),
        ("studentSchoolAssociations: {fullTimeEquivalency: .nan}", "is no finite number"),
        ("studentSchoolAssociations: {fullTimeEquivalency: 0.12345678}", "has more than 4 decimal places"),
        (f"studentSchoolAssociations: {{fullTimeEquivalency: 1{'0' * 400}}}", "does not fit into 64 bits"),
        ("crisisEvents:\n  crisisDescription: a\n# \a", "mine.yaml:3: character 0x0007 is not allowed in YAML"),
        ("students: {multipleBirthStatus: often}", "'often' is no boolean"),
        ("students: {generationCodeSuffix: abcdefghijklmnop}", "has 16 characters, not 0 to 10"),
        ("students: {middleName: {choices: {A: 0}}}", "weights above 0"),
        ("students: {middleName: {mimesis: person.no_such}}", "there is no provider person.no_such"),
        ("students: {middleName: {mimesis: person._data}}", "there is no provider"),
        ("students: {middleName: {template: '{0}{'}}", "template:"),
        ("students: {middleName: {template: '{firstName.__class__}'}}", "names of fields alone in braces"),
        ("students: {middleName: {template: '{firstName[0]}'}}", "names of fields alone in braces"),
        ("students: {middleName: {template: '{firstName:>999999999}'}}", "names of fields alone in braces"),
        ("students: {middleName: {template: '{firstName!r}'}}", "names of fields alone in braces"),
        ("students: {middleName: {sometimes: x}}", "expected a value or one of choices, range, template, mimesis"),
        ("students: [a, b]", "expected names with values below it"),
        ("students: {a: b", "mine.yaml:1:"),
        ("students: " + "[" * 3000, "mine.yaml: brackets are nested too deeply"),
        ("students: {middleName: &a [*a]}", "no plain value"),
        ("students: {birthDate: " + "7" * 3000 + "x}", "7...7"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(text, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        parse_overrides(text, "mine.yaml", STANDARD.model, seed=1)
