"""What members of Ed-Fi documents say, by their names: tables of patterns and examples."""

from __future__ import annotations

import re

from dms_load_test.generators.schools import GRADE_NAMES
from dms_load_test.generators.words import GIRLS, MEN, STREETS, SURNAMES, WOMEN


def _table(*rows: tuple[str, tuple[str, ...]]) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), values) for pattern, values in rows)


_SUBJECTS = ("Reading", "Mathematics", "Science", "Writing", "Social Studies", "Attendance", "Wellness")
_SENTENCES = (
    "Meets weekly with the teacher to review progress.",
    "Family was informed by letter and by telephone.",
    "Shows steady growth since the last review.",
    "Reviewed with the counselor; no further action is needed.",
    "Needs more practice with longer texts.",
    "Extended time is given for written work.",
    "Agreed in a meeting with the family and the school.",
    "Follow-up is planned before the end of the semester.",
)

TEXTS = _table(
    (r"(Id|Identifier|IdentificationCode)$", tuple(f"{1000 + 7 * n}" for n in range(100))),
    (r"^(first|preferredFirst|middle)Name$", tuple(dict.fromkeys((*GIRLS[:60], *WOMEN[:60], *MEN[:60])))),
    (r"(lastSurname|maidenName)$", SURNAMES),
    (
        r"^(fullName|reporterName|author|externalEvaluator)$",
        tuple(f"{w} {s}" for w, s in zip(WOMEN, SURNAMES[9:], strict=False)),
    ),
    (r"personalTitlePrefix$", ("Ms.", "Mr.", "Mrs.", "Dr.")),
    (r"generationCodeSuffix$", ("Jr.", "Sr.", "III")),
    (r"genderIdentity$", ("Female", "Male", "Non-binary")),
    (r"mailAddress$", tuple(f"{w}.{s}@example.com".lower() for w, s in zip(MEN, SURNAMES[5:], strict=False))),
    (r"(URI|URL|webSite|thumbnail|MetadataURI)$", tuple(f"https://www.example.com/pages/{n}" for n in range(1, 60))),
    (r"^streetNumberName$", tuple(f"{100 + 13 * n} {street} Street" for n, street in enumerate(STREETS))),
    (r"^addressLine1$", tuple(f"{200 + 17 * n} {street} Avenue" for n, street in enumerate(STREETS))),
    (r"^addressLine[2-4]$", ("Building A", "Second floor", "Rear entrance")),
    (r"apartmentRoomSuite", tuple(f"Apt {n}" for n in range(1, 40))),
    (r"buildingSite", ("A", "B", "C", "North", "South")),
    (r"congressionalDistrict$", tuple(str(n) for n in range(1, 37))),
    (r"FIPS", ("48491", "04013", "39049", "13135")),
    (r"latitude$", ("30.508255", "33.415184", "40.099229", "33.956215")),
    (r"longitude$", ("-97.678896", "-111.831472", "-83.114077", "-83.987963")),
    (r"(province)$", ("Ontario", "Jalisco", "Nuevo Leon", "Punjab")),
    (r"^shortNameOfInstitution$", tuple(SURNAMES[:60])),
    (
        r"(nameOfInstitution|organizationName|licensingOrganization|ratingOrganization|issuerName|department)$",
        tuple(f"{name} Education Services" for name in SURNAMES[:60]),
    ),
    (r"(publisher)$", ("Open Learning Press", "State Department of Education", "Community Publishing")),
    (r"letterGrade", ("A", "A-", "B+", "B", "B-", "C+", "C", "D", "F")),
    (r"^result$|rating$|^indicatorValue$|score$", tuple(str(n) for n in range(1, 100))),
    (r"(form|version)$", ("A", "B", "C")),
    (r"timeRequired|expectedTime|timeAssessed", ("PT15M", "PT30M", "PT45M", "PT1H")),
    (r"cipCode$", ("11.0101", "13.1202", "51.3801", "52.0201")),
    (r"color|^tag", ("Blue", "Green", "Red", "Yellow")),
    (r"^code$|codeName$|Code$|number$|caseNumber", tuple(f"{1000 + 7 * n}" for n in range(100))),
    (
        r"(specialization|endorsement|certificationTitle|fieldOfStudy)",
        ("Elementary Education", "Mathematics 7-12", "Special Education", "English as a Second Language"),
    ),
    (r"(positionTitle|contactTitle)$", ("Teacher", "Counselor", "Coordinator", "Office Manager", "Librarian")),
    (
        r"(description|comment|feedback|statement|narrative|explained|note|text|diagnosis|criteria|objective|reason|restrictions|evidence|responseValue|response)",
        _SENTENCES,
    ),
    (r"(eventName|crisis)", ("Winter Storm", "Flood", "Tornado", "Wildfire")),
    (r"(sessionName|term)$", ("Fall Semester", "Spring Semester", "Summer School")),
    (r"courseTitle|courseName|courseSetName", ("Algebra I", "Biology", "World History", "English II", "Art I")),
    (
        r"(title|name|family|nomenclature|system|group|indicator)$",
        tuple(
            f"{subject} {kind}" for subject in _SUBJECTS for kind in ("Review", "Inventory", "Growth Plan", "Program")
        ),
    ),
    (r"loginId$", tuple(f"{w}.{n + 10}".lower() for n, w in enumerate(WOMEN))),
)
"""Texts by the member's name; the first row that matches counts."""

LATE = frozenset(
    {
        *("end", "exit", "expiration", "expires", "withdraw", "withdrawal", "last", "completed", "completion"),
        *("terminated", "termination", "close", "final", "departure", "graduation", "awarded", "until", "removed"),
    }
)
"""Words in the names of dates and times that end something."""
EARLY = frozenset(
    {
        *("begin", "start", "entry", "entered", "hire", "effective", "issuance", "issued", "issue", "open", "opened"),
        *("received", "first", "available", "enrollment", "enroll", "registration", "initial", "posted"),
    }
)
"""Words in the names of dates and times that begin something; a word of `LATE` beside them counts more."""
BIRTH = frozenset({"birth"})
LEAST = re.compile(r"(^min|minimum|lower|lowest|least|youngest)", re.IGNORECASE)
MOST = re.compile(r"(^max|maximum|upper|highest|most|oldest)", re.IGNORECASE)
YEAR = re.compile(r"year$", re.IGNORECASE)

NUMBERS: tuple[tuple[re.Pattern[str], tuple[float, float]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), bounds)
    for pattern, bounds in (
        (r"(percent|contribution|fullTimeEquivalency|fte)", (0.1, 1)),
        (r"gradePoint|gpa", (1, 4)),
        (r"credit", (0.5, 2)),
        (r"(wage|salary|amount|budget|cost|award)", (100, 60000)),
        (r"(grade|score|rating|points)", (50, 100)),
        (r"(duration|hours|minutes|time)", (1, 60)),
        (r"(days|weeks|count|number|sequence|order|priority|rank)", (1, 10)),
        (r"age($|[A-Z])", (3, 21)),
        (r"(length)", (1, 10)),
        (r"(capacity|seats|size|total)", (10, 400)),
    )
)
"""Bounds of numbers by the member's name, where the schema's own are wider."""

CODES: dict[str, tuple[str, ...]] = {
    "AddressTypeDescriptor": ("Physical", "Mailing"),
    "AcademicSubjectDescriptor": ("English Language Arts", "Mathematics", "Science", "Social Studies"),
    "AttendanceEventCategoryDescriptor": ("Excused Absence", "Unexcused Absence", "Tardy", "Early departure"),
    "CountryDescriptor": ("US",),
    "ElectronicMailTypeDescriptor": ("Work", "Home/Personal", "Organization"),
    "GradeLevelDescriptor": GRADE_NAMES,
    "InstitutionTelephoneNumberTypeDescriptor": ("Main", "Fax"),
    "LanguageDescriptor": ("eng", "spa"),
    "OperationalStatusDescriptor": ("Active",),
    "RaceDescriptor": ("White", "Black or African American", "Asian", "American Indian or Alaska Native"),
    "ResultDatatypeTypeDescriptor": ("Integer",),
    "SexDescriptor": ("Female", "Male"),
    "TelephoneNumberTypeDescriptor": ("Work", "Home", "Mobile"),
    "TermDescriptor": ("Fall Semester", "Spring Semester", "Year Round", "Summer Semester"),
}
"""The usual ones of descriptors that hold much that is rare; a target without them has its own drawn from."""
