"""Assessments, their results, and grades; results and grades follow the student's ability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.generators.district import ASSESSED_SUBJECTS
from dms_load_test.generators.enrollment import student_section
from dms_load_test.generators.identity import NAMESPACE
from dms_load_test.generators.rule import Rule, annotate, raise_by
from dms_load_test.generators.school_year import GRADING_PERIODS
from dms_load_test.generators.schools import GRADE_NAMES, GRADES

if TYPE_CHECKING:
    from dms_load_test.generators.vocabulary import Vocabulary
    from dms_load_test.generators.world import World

_SUBJECTS = (("MATH", "Mathematics"), ("ELA", "English Language Arts"))
_LEVELS = ("Below Basic", "Basic", "Proficient", "Advanced")
_CUTS = (0, 25, 50, 80)
"""Percent of the score range from which each level is reached."""
_LOWEST_SCORE, _SCORE_RANGE = 1200, 600
_LETTERS = ((90, "A"), (80, "B"), (70, "C"), (60, "D"), (0, "F"))


def assessments(world: World) -> Rule:
    """One assessment a grade and subject; further ones are new versions of these."""
    words = world.words
    subjects = [words.uri("AcademicSubjectDescriptor", name) for _, name in _SUBJECTS]
    grades = world.grade_uris()
    category = words.uri("AssessmentCategoryDescriptor", "State assessment", "Benchmark test")
    score = words.uri("AssessmentReportingMethodDescriptor", "Scale score")
    number = words.uri("ResultDatatypeTypeDescriptor", "Integer")
    proficiency = words.uri("AssessmentReportingMethodDescriptor", "Proficiency level")
    levels = words.uris("PerformanceLevelDescriptor", *_LEVELS)
    period = words.uri("AssessmentPeriodDescriptor", "Spring")
    year = world.year

    def document(ordinal: int) -> dict[str, Any]:
        grade, subject = divmod(ordinal % (GRADES * ASSESSED_SUBJECTS), ASSESSED_SUBJECTS)
        return {
            **_assessment(world, ordinal),
            "assessmentTitle": f"State Assessment of {_SUBJECTS[subject][1]}, {GRADE_NAMES[grade]}",
            "assessmentFamily": f"State Assessment of {_SUBJECTS[subject][1]}",
            "assessmentVersion": year.year,
            "assessmentCategoryDescriptor": category,
            "educationOrganizationReference": {"educationOrganizationId": world.identity.agency_id(0)},
            "academicSubjects": [{"academicSubjectDescriptor": subjects[subject]}],
            "assessedGradeLevels": [{"gradeLevelDescriptor": grades[grade]}],
            "maxRawScore": 60,
            "scores": [
                {
                    "assessmentReportingMethodDescriptor": score,
                    "minimumScore": str(_LOWEST_SCORE),
                    "maximumScore": str(_LOWEST_SCORE + _SCORE_RANGE),
                    "resultDatatypeTypeDescriptor": number,
                }
            ],
            "performanceLevels": [
                {"performanceLevelDescriptor": level, "assessmentReportingMethodDescriptor": proficiency}
                for level in levels
            ],
            "periods": [
                {"assessmentPeriodDescriptor": period, "beginDate": year.spring.begin, "endDate": year.spring.end}
            ],
        }

    return Rule(document, change=raise_by("assessmentVersion"), growable=True)


def student_assessments(world: World) -> Rule:
    """Each student's results in the subjects of the grade; further ones are retakes."""
    words, identity, people = world.words, world.identity, world.people
    grades = world.grade_uris()
    score = words.uri("AssessmentReportingMethodDescriptor", "Scale score")
    number = words.uri("ResultDatatypeTypeDescriptor", "Integer")
    proficiency = words.uri("AssessmentReportingMethodDescriptor", "Proficiency level")
    levels = [words.uri("PerformanceLevelDescriptor", level) for level in _LEVELS]
    same = _same_of_all_results(words)
    period = words.uri("AssessmentPeriodDescriptor", "Spring")
    students, roll = world.sizes.students, world.dice("studentAssessments")
    days = [world.year.lesson_day(world.year.lessons - 20 + day) for day in range(10)]

    def document(ordinal: int) -> dict[str, Any]:
        take, student = divmod(ordinal, students)
        bits = roll(ordinal)
        school, grade, _ = world.layout.placement(student)
        percent = min(99, max(0, people.student(student).ability + bits % 21 - 10))
        level = sum(percent >= cut for cut in _CUTS) - 1
        day = days[(bits >> 8) % len(days)]
        student_id = identity.student_id(student)
        return {
            "studentAssessmentIdentifier": f"{student_id}-{take + 1:02}",
            "assessmentReference": _assessment(world, grade * ASSESSED_SUBJECTS + take % ASSESSED_SUBJECTS),
            "studentReference": {"studentUniqueId": student_id},
            "schoolYearTypeReference": {"schoolYear": world.year.year},
            "reportedSchoolReference": {"schoolId": identity.school_id(school)},
            "administrationDate": f"{day}T09:00:00Z",
            "administrationEndDate": f"{day}T{10 + (bits >> 12) % 2}:{(bits >> 16) % 60:02}:00Z",
            **same,
            "whenAssessedGradeLevelDescriptor": grades[grade],
            "period": {"assessmentPeriodDescriptor": period},
            "scoreResults": [
                {
                    "assessmentReportingMethodDescriptor": score,
                    "result": str(_LOWEST_SCORE + _SCORE_RANGE * percent // 100),
                    "resultDatatypeTypeDescriptor": number,
                }
            ],
            "performanceLevels": [
                {
                    "assessmentReportingMethodDescriptor": proficiency,
                    "performanceLevelDescriptor": levels[level],
                }
            ],
        }

    return Rule(document, change=annotate("serialNumber", "Form"), growable=True)


def _same_of_all_results(words: Vocabulary) -> dict[str, str]:
    return {
        "administrationEnvironmentDescriptor": words.uri("AdministrationEnvironmentDescriptor", "Classroom"),
        "administrationLanguageDescriptor": words.uri("LanguageDescriptor", "eng"),
        "platformTypeDescriptor": words.uri("PlatformTypeDescriptor", "Computer-based"),
    }


def grades(world: World) -> Rule:
    """A mark for each course a student takes, in each grading period."""
    identity, people = world.identity, world.people
    refer = student_section(world)
    kind = world.words.uri("GradeTypeDescriptor", "Grading Period")
    roll = world.dice("grades")
    slots = world.timetable.slots
    as_of = [span.end for span in world.year.periods]
    placement = world.layout.placement

    def document(ordinal: int) -> dict[str, Any]:
        enrolment, period = divmod(ordinal, GRADING_PERIODS)
        student = enrolment // slots
        mark = min(100, 58 + people.student(student).ability * 2 // 5 + roll(ordinal) % 10)
        return {
            "gradeTypeDescriptor": kind,
            "gradingPeriodReference": identity.grading_period(placement(student).school * GRADING_PERIODS + period),
            "studentSectionAssociationReference": refer(enrolment),
            "numericGradeEarned": mark,
            "letterGradeEarned": next(letter for least, letter in _LETTERS if mark >= least),
            "currentGradeIndicator": period == GRADING_PERIODS - 1,
            "currentGradeAsOfDate": as_of[period],
        }

    return Rule(document, change=annotate("diagnosticStatement", "Revised after late work was handed in, revision"))


def _assessment(world: World, ordinal: int) -> dict[str, Any]:
    """Refer to an assessment."""
    again, planned = divmod(ordinal, GRADES * ASSESSED_SUBJECTS)
    grade, subject = divmod(planned, ASSESSED_SUBJECTS)
    version = f"-V{again + 1}" if again else ""
    run = f"{world.identity.prefix}{world.identity.run}"
    return {
        "assessmentIdentifier": f"{run}-{_SUBJECTS[subject][0]}-{grade or 'K'}{version}",
        "namespace": NAMESPACE,
    }
