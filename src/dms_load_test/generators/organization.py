"""School years, agencies, schools and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.generators.rule import Rule, annotate, new_extension
from dms_load_test.generators.words import SURNAMES

if TYPE_CHECKING:
    from dms_load_test.generators.vocabulary import Vocabulary
    from dms_load_test.generators.world import World

PROGRAM_TYPES = (
    "Gifted and Talented",
    "Section 504 Placement",
    "Extended Day/Child Care Services",
    "Athletics",
    "College Preparatory",
    "Bilingual",
    "Counseling Services",
    "Service Learning",
)


def school_year_types(world: World) -> Rule:
    """School years, from last year on; shared by all runs, so never changed."""
    current = world.year.year

    def document(ordinal: int) -> dict[str, Any]:
        year = current - 1 + ordinal
        return {
            "schoolYear": year,
            "schoolYearDescription": f"{year - 1}-{year}",
            "currentSchoolYear": year == current,
        }

    return Rule(document)


def local_education_agencies(world: World) -> Rule:
    """Districts, named after their towns."""
    words, region, identity = world.words, world.region, world.identity
    roll = world.dice("localEducationAgencies")
    category = words.uri("LocalEducationAgencyCategoryDescriptor", "Regular public school district")
    organization = words.uri("EducationOrganizationCategoryDescriptor", "Local Education Agency")
    site = words.uri("AddressTypeDescriptor", "Physical")
    phone = words.uri("InstitutionTelephoneNumberTypeDescriptor", "Main")
    status = words.uri("OperationalStatusDescriptor", "Active")
    charter = words.uri("CharterStatusDescriptor", "Not a Charter School")
    system = words.uri("EducationOrganizationIdentificationSystemDescriptor", "SEA", "LEA")

    def document(ordinal: int) -> dict[str, Any]:
        bits = roll(ordinal)
        again, town = divmod(ordinal, len(region.towns))
        name = region.towns[town] + (f" {again + 1}" if again else "")
        agency_id = identity.agency_id(ordinal)
        return {
            "localEducationAgencyId": agency_id,
            "nameOfInstitution": f"{name} {region.agency}",
            "shortNameOfInstitution": name,
            "webSite": f"https://www.example.com/district/{agency_id}",
            "categories": [{"educationOrganizationCategoryDescriptor": organization}],
            "localEducationAgencyCategoryDescriptor": category,
            "operationalStatusDescriptor": status,
            "charterStatusDescriptor": charter,
            "addresses": [world.people.address(bits >> 8, site)],
            "identificationCodes": [
                {"educationOrganizationIdentificationSystemDescriptor": system, "identificationCode": str(agency_id)}
            ],
            "institutionTelephones": [
                {
                    "institutionTelephoneNumberTypeDescriptor": phone,
                    "telephoneNumber": world.people.telephone(bits >> 44),
                }
            ],
        }

    return Rule(document, change=new_extension("institutionTelephones"))


def schools(world: World) -> Rule:
    """Schools of all kinds, named after people as schools are."""
    words, identity = world.words, world.identity
    roll = world.dice("schools")
    organization = words.uri("EducationOrganizationCategoryDescriptor", "School")
    site = words.uri("AddressTypeDescriptor", "Physical")
    phones = words.uris("InstitutionTelephoneNumberTypeDescriptor", "Main", "Fax")
    same = _same_of_all_schools(words)
    title_one = [
        words.uri("TitleIPartASchoolDesignationDescriptor", name)
        for name in ("Title I Schoolwide School", "Title I Targeted Assistance School", "Not A Title I School")
    ]
    system = words.uri("EducationOrganizationIdentificationSystemDescriptor", "School")

    def document(ordinal: int) -> dict[str, Any]:
        bits = roll(ordinal)
        kind = world.layout.kind(ordinal)
        school_id = identity.school_id(ordinal)
        name = SURNAMES[(ordinal * 7 + world.seed) % len(SURNAMES)]
        return {
            "schoolId": school_id,
            "nameOfInstitution": f"{name} {kind.title}",
            "shortNameOfInstitution": name,
            "webSite": f"https://www.example.com/school/{school_id}",
            "localEducationAgencyReference": {"localEducationAgencyId": identity.agency_id(world.agency_of(ordinal))},
            "educationOrganizationCategories": [{"educationOrganizationCategoryDescriptor": organization}],
            "schoolCategories": [{"schoolCategoryDescriptor": words.uri("SchoolCategoryDescriptor", kind.category)}],
            "gradeLevels": world.grade_levels(kind.grades),
            **same,
            "titleIPartASchoolDesignationDescriptor": title_one[bits % len(title_one)],
            "addresses": [world.people.address(bits >> 8, site)],
            "identificationCodes": [
                {
                    "educationOrganizationIdentificationSystemDescriptor": system,
                    "identificationCode": f"{ordinal + 1:03}",
                }
            ],
            "institutionTelephones": [
                {
                    "institutionTelephoneNumberTypeDescriptor": phone,
                    "telephoneNumber": world.people.telephone((bits >> 44) + number),
                }
                for number, phone in enumerate(phones)
            ],
        }

    return Rule(document, change=new_extension("institutionTelephones"))


def _same_of_all_schools(words: Vocabulary) -> dict[str, str]:
    return {
        "schoolTypeDescriptor": words.uri("SchoolTypeDescriptor", "Regular"),
        "operationalStatusDescriptor": words.uri("OperationalStatusDescriptor", "Active"),
        "charterStatusDescriptor": words.uri("CharterStatusDescriptor", "Not a Charter School"),
        "administrativeFundingControlDescriptor": words.uri("AdministrativeFundingControlDescriptor", "Public School"),
    }


def programs(world: World) -> Rule:
    """Programs of each agency."""
    words = world.words
    sponsor = words.uri("ProgramSponsorDescriptor", "Local Education Agency")

    def document(ordinal: int) -> dict[str, Any]:
        agency, number = divmod(ordinal, len(PROGRAM_TYPES))
        key = program(world, agency, number)
        return {
            "educationOrganizationReference": {"educationOrganizationId": key["educationOrganizationId"]},
            "programName": key["programName"],
            "programTypeDescriptor": key["programTypeDescriptor"],
            "programId": f"{number + 1:02}",
            "sponsors": [{"programSponsorDescriptor": sponsor}],
        }

    return Rule(document, change=annotate("programId", "Revision"))


def program(world: World, agency: int, number: int) -> dict[str, Any]:
    """Refer to one of an agency's programs."""
    name = PROGRAM_TYPES[number]
    return {
        "educationOrganizationId": world.identity.agency_id(agency),
        "programName": name,
        "programTypeDescriptor": world.words.uri("ProgramTypeDescriptor", name),
    }
