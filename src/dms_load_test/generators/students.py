"""Students, what the agency knows about them, and their contacts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from dms_load_test.generators.households import household_of_contact, link
from dms_load_test.generators.people import FEMALE, MALE, adult_name, child_name
from dms_load_test.generators.rule import Rule, annotate, new_extension
from dms_load_test.generators.schools import GRADES
from dms_load_test.generators.words import BOYS, GIRLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.generators.people import Household
    from dms_load_test.generators.rule import Document
    from dms_load_test.generators.world import World

_KINDERGARTEN_AGE = 5
"""Age on the first of September."""
_DAYS = 365
_NAMES = GIRLS + BOYS
"""No name is in both."""


def students(world: World) -> Rule:
    """Students, born so that their grade fits their age."""
    words, people, identity, region = world.words, world.people, world.identity, world.region
    home = words.uri("CountryDescriptor", "US")
    abroad = words.uri("CountryDescriptor", "MX")
    state = words.uri("StateAbbreviationDescriptor", region.state)
    citizen = words.uri("CitizenshipStatusDescriptor", "US Citizen")
    resident = words.uri("CitizenshipStatusDescriptor", "Permanent resident")
    birth_dates = _birth_dates(world.year.year)
    entered_us = f"{world.year.year - 3}-06-15"
    grade_of, student_of, household_of = world.layout.grade, people.student, people.household_of

    def document(ordinal: int) -> dict[str, Any]:
        sex, _, _, bits = student_of(ordinal)
        family = household_of(ordinal)
        grade = grade_of(ordinal)
        first, middle = child_name(sex, bits >> 24), child_name(sex, bits >> 34)
        foreign = family.immigrant and grade >= _KINDERGARTEN_AGE
        body = {
            "studentUniqueId": identity.student_id(ordinal),
            "firstName": first,
            "lastSurname": family.surname,
            "birthDate": birth_dates[grade][(bits >> 44) % _DAYS],
            "birthSexDescriptor": people.sexes[sex],
            "citizenshipStatusDescriptor": resident if foreign else citizen,
            "multipleBirthStatus": False,
        }
        if middle != first:
            body["middleName"] = middle
        if foreign:
            body["birthCountryDescriptor"] = abroad
            body["dateEnteredUS"] = entered_us
        else:
            body["birthCity"] = region.towns[(bits >> 53 & 31) % len(region.towns)]
            body["birthStateAbbreviationDescriptor"] = state
            body["birthCountryDescriptor"] = home
        if sex == MALE and bits >> 58 == 0:
            body["generationCodeSuffix"] = "Jr."
        return body

    return Rule(document, change=_preferred_name, growable=True)


def student_education_organization_associations(world: World) -> Rule:
    """Each student's demographics, as the agency keeps them."""
    words, people, identity = world.words, world.people, world.identity
    reach = _reach(world)
    spanish, english = (words.uri("LanguageDescriptor", code) for code in ("spa", "eng"))
    spoken = words.uri("LanguageUseDescriptor", "Home language")
    limited, fluent = (words.uri("LimitedEnglishProficiencyDescriptor", code) for code in ("Limited", "NotLimited"))
    low_income = words.uri("StudentCharacteristicDescriptor", "Economic Disadvantaged", "Other")
    systems = words.uris("StudentIdentificationSystemDescriptor", "District", "State")
    roll = world.dice("studentEducationOrganizationAssociations")

    def document(ordinal: int) -> dict[str, Any]:
        sex, _, _, student_bits = people.student(ordinal)
        family = people.household_of(ordinal)
        school = world.layout.placement(ordinal).school
        bits = roll(ordinal)
        login = f"{child_name(sex, student_bits >> 24)}.{ordinal + 1}".lower()
        learner = (family.hispanic or family.immigrant) and bits % 3 == 0
        body: dict[str, Any] = {
            "studentReference": {"studentUniqueId": identity.student_id(ordinal)},
            "educationOrganizationReference": {"educationOrganizationId": identity.agency_id(world.agency_of(school))},
            "sexDescriptor": people.sexes[sex],
            "hispanicLatinoEthnicity": family.hispanic,
            "races": [{"raceDescriptor": people.races[family.race]}],
            "languages": [
                {
                    "languageDescriptor": spanish if family.hispanic else english,
                    "uses": [{"languageUseDescriptor": spoken}],
                }
            ],
            "limitedEnglishProficiencyDescriptor": limited if learner else fluent,
            "loginId": login,
            **reach(family, login),
            "studentIdentificationCodes": [
                {
                    "studentIdentificationSystemDescriptor": system,
                    "assigningOrganizationIdentificationCode": identity.run,
                    "identificationCode": f"{(number + 1) * 10_000_000 + ordinal}",
                }
                for number, system in enumerate(systems)
            ],
        }
        if family.bits >> 62 == 0:
            body["studentCharacteristics"] = [
                {"studentCharacteristicDescriptor": low_income, "periods": [{"beginDate": world.year.whole.begin}]}
            ]
        return body

    return Rule(document, change=new_extension("telephones"))


def _reach(world: World) -> Callable[[Household, str], dict[str, Any]]:
    """Return a function from a student's household and login to address, telephone and e-mail."""
    people = world.people
    home = world.words.uri("AddressTypeDescriptor", "Home")
    phone = world.words.uri("TelephoneNumberTypeDescriptor", "Home")
    mail = world.words.uri("ElectronicMailTypeDescriptor", "Organization", "Other")

    def reach(family: Household, login: str) -> dict[str, Any]:
        return {
            "addresses": [people.address(family.bits >> 28, home)],
            "telephones": [
                {"telephoneNumberTypeDescriptor": phone, "telephoneNumber": people.telephone(family.bits >> 3)}
            ],
            "electronicMails": [
                {"electronicMailTypeDescriptor": mail, "electronicMailAddress": f"{login}@students.example.com"}
            ],
        }

    return reach


def contacts(world: World) -> Rule:
    """The adults of each household: the first is a mother, or the only parent; the second a father."""
    words, people, identity = world.words, world.people, world.identity
    home = words.uri("AddressTypeDescriptor", "Home")
    phone = words.uri("TelephoneNumberTypeDescriptor", "Mobile")
    mail = words.uri("ElectronicMailTypeDescriptor", "Home/Personal")
    education = [
        words.uri("LevelOfEducationDescriptor", level)
        for level in ("High School Diploma", "Some College No Degree", "Bachelor's", "Master's")
    ]
    roll = world.dice("contacts")

    def document(ordinal: int) -> dict[str, Any]:
        household, place = household_of_contact(ordinal)
        family = people.household(household)
        bits = roll(ordinal)
        sex = MALE if place else FEMALE
        first = adult_name(sex, bits)
        return {
            "contactUniqueId": identity.contact_id(ordinal),
            "firstName": first,
            "lastSurname": family.surname,
            "sexDescriptor": people.sexes[sex],
            "highestCompletedLevelOfEducationDescriptor": education[(bits >> 10) % len(education)],
            "addresses": [people.address(family.bits >> 28, home)],
            "telephones": [
                {
                    "telephoneNumberTypeDescriptor": phone,
                    "telephoneNumber": people.telephone(bits >> 16),
                    "textMessageCapabilityIndicator": True,
                }
            ],
            "electronicMails": [
                {
                    "electronicMailTypeDescriptor": mail,
                    "electronicMailAddress": f"{first.lower()}{ordinal + 1}@example.com",
                    "primaryEmailAddressIndicator": True,
                }
            ],
        }

    return Rule(document, change=new_extension("telephones"), growable=True)


def student_contact_associations(world: World) -> Rule:
    """Each student with each adult of the household."""
    relations = [world.words.uri("RelationDescriptor", relation) for relation in ("Mother", "Father")]
    identity = world.identity

    def document(ordinal: int) -> dict[str, Any]:
        student, contact = link(ordinal)
        place = household_of_contact(contact)[1]
        return {
            "studentReference": {"studentUniqueId": identity.student_id(student)},
            "contactReference": {"contactUniqueId": identity.contact_id(contact)},
            "relationDescriptor": relations[place],
            "contactPriority": place + 1,
            "primaryContactStatus": place == 0,
            "emergencyContactStatus": True,
            "legalGuardian": True,
            "livesWith": True,
        }

    return Rule(document, change=annotate("contactRestrictions", "See court order, revision"))


def _birth_dates(year: int) -> tuple[tuple[str, ...], ...]:
    """Return, by grade, the days of birth of those of the right age on the first of September."""
    cutoffs = [date(year - 1 - _KINDERGARTEN_AGE - grade, 9, 1).toordinal() for grade in range(GRADES)]
    return tuple(tuple(date.fromordinal(day - age).isoformat() for age in range(_DAYS)) for day in cutoffs)


def _preferred_name(document: Document, revision: int) -> None:
    """Give the student a preferred first name, and a number after it once the names have been used up."""
    again, number = divmod(revision, len(_NAMES))
    document["preferredFirstName"] = f"{_NAMES[number]} {again + 1}" if again else _NAMES[number]
