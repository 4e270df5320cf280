"""How a run's data is told from real data: what identifiers begin with, and where education organizations' ids lie.

Without a range the seed decides: agencies have six digits and schools nine, other kinds lie from 1,000,000,000 on, and
runs whose seeds differ by less than 900,000 never meet. Of a range of the user's, the lower half is cut into blocks,
one for a run's agencies and schools: no more runs than there are blocks keep apart. The upper half is for other kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dms_load_test.errors import ConfigError
from dms_load_test.generators.district import SCHOOLS_PER_AGENCY, agencies_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.generators.district import DistrictSizes

FIRST_RUN = 100_000
RUNS = 900_000
_SCATTER = 611_953
"""A prime, so that the run numbers of neighbouring seeds lie far apart and all are used."""
_OTHER_KINDS = 1_000_000_000
_SPAN = 1274
"""Ids for each run's number: 900,000 runs fill what is left of 32 bits."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The user's wishes. `prefix` heads identifiers of people and assessments; `organizations` are the ids to use."""

    prefix: str = ""
    organizations: range | None = None


class Organizations(Protocol):
    """The one identity space of all kinds of education organizations."""

    def agency_id(self, agency: int) -> int:
        """Return the id of an agency, numbered from 0."""

    def school_id(self, school: int) -> int:
        """Return the id of a school, numbered from 0."""

    def is_school(self, organization: int) -> bool:
        """Say whether an id of an agency or a school is a school's."""

    def other_ids(self, kind: int, kinds: int) -> Callable[[int], int]:
        """Return the ids of one of the other kinds by ordinal; kinds are numbered, and never meet.

        Different for each ordinal below `room_for(kinds)`.
        """

    def room_for(self, kinds: int) -> int:
        """Return how many ids each of the other kinds has."""


def run_number(seed: int) -> int:
    """Return the number of a run, 0 to 899,999."""
    return seed * _SCATTER % RUNS


def organizations_of(naming: Naming, sizes: DistrictSizes, seed: int) -> Organizations:
    """Return the education organizations of a run. Raises: ConfigError: the range has no room for them."""
    if naming.organizations is None:
        return SeededOrganizations(run_number(seed))
    return RangedOrganizations(naming.organizations, sizes.schools, seed)


class SeededOrganizations:
    """Ids that the run's number decides."""

    def __init__(self, number: int) -> None:
        self._number = number

    def agency_id(self, agency: int) -> int:
        """Return six digits."""
        return FIRST_RUN + (self._number + agency) % RUNS

    def school_id(self, school: int) -> int:
        """Return nine digits: the agency's and three more."""
        agency, number = divmod(school, SCHOOLS_PER_AGENCY)
        return self.agency_id(agency) * 1000 + number + 1

    def is_school(self, organization: int) -> bool:
        """Tell them by their length."""
        return organization >= FIRST_RUN + RUNS

    def other_ids(self, kind: int, kinds: int) -> Callable[[int], int]:
        """Return ten digits."""
        base = self._number * _SPAN + kind
        return lambda ordinal: _OTHER_KINDS + (base + kinds * ordinal) % (RUNS * _SPAN)

    def room_for(self, kinds: int) -> int:
        """Return as many as there are before the first run's ids come again."""
        return RUNS * _SPAN // kinds


class RangedOrganizations:
    """Ids of a range: a block for each run, in it an agency before its schools."""

    def __init__(self, ids: range, schools: int, seed: int) -> None:
        self._agency_size = 1 + min(schools, SCHOOLS_PER_AGENCY)
        block = agencies_of(schools) * self._agency_size
        half = len(ids) // 2
        if block > half:
            raise ConfigError(
                f"EDUCATION_ORGANIZATION_IDS: {len(ids):,} ids are too few; {schools:,} schools need {2 * block:,}"
            )
        self._first = ids[0] + run_number(seed) % (half // block) * block
        self._others = ids[half:]
        self._seed = seed

    def agency_id(self, agency: int) -> int:
        """Return the first id of the agency's part of the block."""
        return self._first + agency * self._agency_size

    def school_id(self, school: int) -> int:
        """Return an id after the agency's."""
        agency, number = divmod(school, SCHOOLS_PER_AGENCY)
        return self.agency_id(agency) + 1 + number

    def is_school(self, organization: int) -> bool:
        """Tell them by their place in the agency's part."""
        return (organization - self._first) % self._agency_size > 0

    def other_ids(self, kind: int, kinds: int) -> Callable[[int], int]:
        """Return ids of the upper half, each kind's a stride of its own."""
        room = self.room_for(kinds)
        begin = run_number(self._seed) * _SPAN
        return lambda ordinal: self._others[(begin + ordinal) % room * kinds + kind]

    def room_for(self, kinds: int) -> int:
        """Return the kind's part of the upper half."""
        return len(self._others) // kinds
