"""Everything that documents of one run are made of: sizes, dice, days, words and identities; nothing per document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dms_load_test.generators.district import SCHOOLS_PER_AGENCY, plan_counts
from dms_load_test.generators.draws import dice
from dms_load_test.generators.identity import USUAL, Identity
from dms_load_test.generators.people import People
from dms_load_test.generators.school_year import SchoolYear
from dms_load_test.generators.schools import GRADE_NAMES, SchoolLayout
from dms_load_test.generators.timetable import Timetable
from dms_load_test.generators.vocabulary import Vocabulary
from dms_load_test.generators.words import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dms_load_test.generators.district import DistrictSizes
    from dms_load_test.generators.draws import Dice
    from dms_load_test.generators.naming import Naming
    from dms_load_test.generators.timetable import Course
    from dms_load_test.generators.words import Region


@dataclass(frozen=True, slots=True)
class World:
    """What the rules of all resources share."""

    sizes: DistrictSizes
    seed: int
    counts: Mapping[str, int]
    words: Vocabulary
    year: SchoolYear
    layout: SchoolLayout
    timetable: Timetable
    region: Region
    people: People
    identity: Identity

    @classmethod
    def build(
        cls,
        sizes: DistrictSizes,
        seed: int,
        descriptor_values: Mapping[str, Sequence[str]],
        usual_codes: Mapping[str, Sequence[str]] | None = None,
        naming: Naming = USUAL,
    ) -> World:
        """Prepare what all documents share: milliseconds, and memory that depends on the courses per school only.

        `usual_codes`: code values by descriptor, in their order; created where `descriptor_values` has none.
        """
        words = Vocabulary(descriptor_values, usual_codes)
        year = SchoolYear(sizes.school_year)
        layout = SchoolLayout(sizes.schools, sizes.students)
        region = REGIONS[seed % len(REGIONS)]
        return cls(
            sizes=sizes,
            seed=seed,
            counts=plan_counts(sizes),
            words=words,
            year=year,
            layout=layout,
            timetable=Timetable(layout, sizes.courses_per_school, sizes.sections_per_course),
            region=region,
            people=People(seed, words, region),
            identity=Identity(sizes, seed, year, words, naming),
        )

    def dice(self, stream: str) -> Dice:
        """Return the dice of a stream."""
        return dice(self.seed, stream)

    def agency_of(self, school: int) -> int:
        """Return the agency that runs a school."""
        return school // SCHOOLS_PER_AGENCY

    def course(self, school: int, number: int) -> Course:
        """Return a planned course of a school."""
        return self.timetable.catalog[self.layout.kind(school)][number]

    def grade_uris(self) -> tuple[str, ...]:
        """Return the descriptors of the grades 0 (kindergarten) to 12."""
        return tuple(self.words.uri("GradeLevelDescriptor", name) for name in GRADE_NAMES)

    def grade_levels(self, grades: Sequence[int]) -> list[dict[str, str]]:
        """Return the collection `gradeLevels`, `offeredGradeLevels` or alike."""
        uris = self.words.uris("GradeLevelDescriptor", *(GRADE_NAMES[grade] for grade in grades))
        return [{"gradeLevelDescriptor": uri} for uri in uris]
