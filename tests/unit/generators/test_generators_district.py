"""What an educator would check in the district: who is where, when, with whom."""

from collections import Counter, defaultdict
from datetime import date

import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.generators import DistrictSizes

GRADES = [
    "Kindergarten",
    "First grade",
    "Second grade",
    "Third grade",
    "Fourth grade",
    "Fifth grade",
    "Sixth grade",
    "Seventh grade",
    "Eighth grade",
    "Ninth grade",
    "Tenth grade",
    "Eleventh grade",
    "Twelfth grade",
]


def code(uri):
    return uri.partition("#")[2]


def codes(items):
    return {code(value) for item in items for value in item.values()}


def student_of(document):
    return document["studentReference"]["studentUniqueId"]


def by_student(documents):
    return {student_of(document): document for document in documents}


def section_key(reference):
    return tuple(reference[name] for name in ("schoolId", "localCourseCode", "sectionIdentifier", "sessionName"))


def sections_by_key(district):
    return {
        section_key({**section["courseOfferingReference"], "sectionIdentifier": section["sectionIdentifier"]}): section
        for section in district.sections
    }


def test_every_student_is_enrolled_once_in_a_school_that_teaches_the_grade(district):
    grades = {school["schoolId"]: codes(school["gradeLevels"]) for school in district.schools}
    enrolled = Counter(student_of(document) for document in district.studentSchoolAssociations)

    assert set(enrolled.values()) == {1}
    assert len(enrolled) == len(district.students)
    for document in district.studentSchoolAssociations:
        assert code(document["entryGradeLevelDescriptor"]) in grades[document["schoolReference"]["schoolId"]]


def test_a_student_is_as_old_as_the_grade_expects(district):
    grade = {
        student: GRADES.index(code(document["entryGradeLevelDescriptor"]))
        for student, document in by_student(district.studentSchoolAssociations).items()
    }
    for student in district.students:
        year = district.schoolYearTypes[1]["schoolYear"]
        days = (date(year - 1, 9, 1) - date.fromisoformat(student["birthDate"])).days
        assert 0 <= days - (5 + grade[student["studentUniqueId"]]) * 365 < 370


def test_a_student_takes_courses_of_different_subjects_in_the_own_school_and_grade_and_never_two_at_once(district):
    sections = sections_by_key(district)
    enrolment = by_student(district.studentSchoolAssociations)
    taken = defaultdict(list)
    for document in district.studentSectionAssociations:
        section = sections[section_key(document["sectionReference"])]
        own = enrolment[student_of(document)]
        assert document["sectionReference"]["schoolId"] == own["schoolReference"]["schoolId"]
        assert code(own["entryGradeLevelDescriptor"]) in codes(section["offeredGradeLevels"])
        assert own["entryDate"] == document["beginDate"]
        taken[student_of(document)].append(section)
    for courses in taken.values():
        periods = [course["classPeriods"][0]["classPeriodReference"]["classPeriodName"] for course in courses]
        subjects = [course["courseOfferingReference"]["localCourseCode"][:3] for course in courses]
        assert len(set(periods)) == len(set(subjects)) == len(courses)


def test_no_section_has_more_students_than_its_room_has_seats(district):
    seats = {
        (room["schoolReference"]["schoolId"], room["classroomIdentificationCode"]): room["maximumNumberOfSeats"]
        for room in district.locations
    }
    sections = sections_by_key(district)
    sizes = Counter(section_key(document["sectionReference"]) for document in district.studentSectionAssociations)

    assert sizes
    for key, size in sizes.items():
        room = sections[key]["locationReference"]
        assert size <= seats[room["schoolId"], room["classroomIdentificationCode"]]


def test_no_room_is_used_twice_at_a_time(district):
    uses = Counter(
        (
            *section["locationReference"].values(),
            section["classPeriods"][0]["classPeriodReference"]["classPeriodName"],
        )
        for section in district.sections
    )

    assert set(uses.values()) == {1}


def test_brothers_and_sisters_share_name_contacts_and_address(district):
    names = {student["studentUniqueId"]: student["lastSurname"] for student in district.students}
    homes = {
        student: document["addresses"]
        for student, document in by_student(district.studentEducationOrganizationAssociations).items()
    }
    contacts = {contact["contactUniqueId"]: contact for contact in district.contacts}
    children = defaultdict(set)
    for document in district.studentContactAssociations:
        children[document["contactReference"]["contactUniqueId"]].add(student_of(document))

    assert children.keys() == contacts.keys()
    assert set().union(*children.values()) == names.keys()
    assert max(map(len, children.values())) == 3
    for contact, students in children.items():
        assert {names[student] for student in students} == {contacts[contact]["lastSurname"]}
        assert all(homes[student] == contacts[contact]["addresses"] for student in students)


def test_attendance_is_taken_on_lesson_days_after_entry_in_the_semester_that_holds_the_day(district):
    entry = {s: document["entryDate"] for s, document in by_student(district.studentSchoolAssociations).items()}
    lessons = {
        (event["calendarReference"]["schoolId"], event["date"])
        for event in district.calendarDates
        if codes(event["calendarEvents"]) == {"Instructional day"}
    }
    sessions = {(s["schoolReference"]["schoolId"], s["sessionName"]): s for s in district.sessions}
    for event in district.studentSchoolAttendanceEvents:
        school = event["schoolReference"]["schoolId"]
        session = sessions[school, event["sessionReference"]["sessionName"]]
        assert (school, event["eventDate"]) in lessons
        assert event["eventDate"] >= entry[student_of(event)]
        assert session["beginDate"] <= event["eventDate"] <= session["endDate"]


def test_teachers_teach_in_their_own_school_and_every_school_with_staff_has_its_sections_taught(district):
    works_at = {
        document["staffReference"]["staffUniqueId"]: document["schoolReference"]["schoolId"]
        for document in district.staffSchoolAssociations
    }
    roles = {
        document["staffReference"]["staffUniqueId"]: document["positionTitle"]
        for document in district.staffEducationOrganizationAssignmentAssociations
    }
    for document in district.staffSectionAssociations:
        teacher = document["staffReference"]["staffUniqueId"]
        assert works_at[teacher] == document["sectionReference"]["schoolId"]
        assert roles[teacher] == "Teacher"
    taught = {section_key(document["sectionReference"]) for document in district.staffSectionAssociations}
    assert taught == {key for key in sections_by_key(district) if key[0] in set(works_at.values())}


def test_staff_were_hired_as_adults_before_the_year_began(district):
    born = {staff["staffUniqueId"]: int(staff["birthDate"][:4]) for staff in district.staffs}
    for employment in district.staffEducationOrganizationEmploymentAssociations:
        hired = int(employment["hireDate"][:4])
        assert hired - born[employment["staffReference"]["staffUniqueId"]] >= 22
        assert employment["hireDate"] < district.sessions[0]["beginDate"]


def test_a_grade_is_for_a_course_in_a_period_of_the_school_and_its_letter_fits_the_number(district):
    letters = defaultdict(set)
    for grade in district.grades:
        letters[grade["letterGradeEarned"]].add(grade["numericGradeEarned"])
    bounds = {letter: (min(numbers), max(numbers)) for letter, numbers in letters.items()}

    assert len(district.grades) == len(district.studentSectionAssociations) * 4
    assert bounds["A"][0] >= 90
    assert 80 <= bounds["B"][0] <= bounds["B"][1] < 90
    assert 70 <= bounds["C"][0] <= bounds["C"][1] < 80


def test_scores_follow_ability_and_levels_follow_scores(district):
    scores = defaultdict(list)
    by_level = defaultdict(list)
    for document in district.studentAssessments:
        score = int(document["scoreResults"][0]["result"])
        scores[student_of(document)].append(score)
        by_level[code(document["performanceLevels"][0]["performanceLevelDescriptor"])].append(score)

    assert all(max(results) - min(results) <= 600 * 21 // 100 for results in scores.values())
    assert max(by_level["Basic"]) < min(by_level["Proficient"])


def test_courses_and_schools_are_called_what_they_are(district):
    titles = {course["courseTitle"] for course in district.courses}

    assert all(len(title) <= 60 for title in titles)
    assert len(titles) >= min(6, district.documents.counts["courses"] // district.documents.counts["schools"])
    for school in district.schools:
        name = school["nameOfInstitution"]
        assert name.endswith(("Elementary School", "Middle School", "High School", "Academy", "School"))


def test_a_large_district_has_grades_of_equal_size_and_believable_classes(build):
    documents = build(DistrictSizes(10, 5770, 920, 50, 4))
    count = documents.counts["students"]
    enrolments = [documents.document("studentSchoolAssociations", n) for n in range(count)]
    grades = Counter(code(document["entryGradeLevelDescriptor"]) for document in enrolments)
    schools = Counter(document["schoolReference"]["schoolId"] for document in enrolments)
    classes = Counter(
        section_key(documents.document("studentSectionAssociations", n)["sectionReference"])
        for n in range(documents.counts["studentSectionAssociations"])
    )
    hispanic = sum(
        documents.document("studentEducationOrganizationAssociations", n)["hispanicLatinoEthnicity"]
        for n in range(count)
    )

    assert set(grades) == set(GRADES)
    assert max(grades.values()) - min(grades.values()) <= 1
    assert len(schools) == documents.counts["schools"]
    assert min(schools.values()) / (count / len(schools)) >= 0.5
    assert max(schools.values()) / (count / len(schools)) <= 1.8
    assert 10 <= sum(classes.values()) / len(classes) <= 30
    assert 0.20 <= hispanic / count <= 0.30


def test_sizes_that_multiply_beyond_any_load_are_refused():
    with pytest.raises(
        ConfigError, match=r"these sizes make 1,000,000,000,000,000 locations; 1,000,000,000,000 is the"
    ):
        DistrictSizes(schools=10**6, students=1, staff=1, courses_per_school=10**9, sections_per_course=1)
