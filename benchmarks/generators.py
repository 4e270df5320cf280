"""How fast documents are made: ordinal to JSON bytes, for each resource; beside Mimesis and Faker, asked per document.

    pip install -e . --group bench
    python benchmarks/generators.py [documents of each resource] > generators.json

Prints one JSON object: documents a second on one core by resource, their averages, memory of planning, and the figures
of a student record of the same eight members made with Mimesis and with Faker in the same run.
"""

from __future__ import annotations

import json
import platform
import resource as machine
import subprocess
import sys
import time

import msgspec
from mimesis import Locale, Person
from mimesis.providers import Address, Datetime

from dms_load_test.edfi.standard import load_standard
from dms_load_test.generators import DISTRICT, DataOptions, DistrictSizes, Optional, build_documents

try:
    import faker
except ImportError:
    faker = None

DEV = DistrictSizes(10, 100, 20, 10, 3)
PROD = DistrictSizes(130, 75_000, 12_000, 50, 4)
STATE = DistrictSizes(8_600, 5_000_000, 800_000, 50, 4)
PLANS = {"prod": PROD, "state": STATE}
REPEATS = 3


def documents_of(sizes, resources):
    standard = load_standard()
    uris = {
        name: [f"uri://ed-fi.org/{name}#{code}" for code in codes] for name, codes in standard.descriptor_values.items()
    }
    return build_documents(standard.model, sizes, 1, uris, DataOptions(resources, Optional.COMMON))


def rate(make, count):
    """Calls of `make(0)`, `make(1)` ... a second of CPU time, the best of a few rounds."""
    best = float("inf")
    for _ in range(REPEATS):
        begin = time.process_time()
        for number in range(count):
            make(number)
        best = min(best, time.process_time() - begin)
    return count / best


def resource_rates(documents, count):
    payload = documents.payload
    rates = {}
    for name, planned in documents.counts.items():
        ordinals = [number % planned for number in range(count)]
        rates[name] = rate(lambda n, name=name, ordinals=ordinals: payload(name, ordinals[n]), count)
    return rates


def library_rates(count):
    """A student's eight members made by each library, a call for each value, and encoded alike."""
    encode = msgspec.json.encode
    person, address, days = Person(Locale.EN, seed=1), Address(Locale.EN, seed=1), Datetime(Locale.EN, seed=1)

    def mimesis_student(number):
        return encode(
            {
                "studentUniqueId": f"{number:013}",
                "firstName": person.first_name(),
                "middleName": person.first_name(),
                "lastSurname": person.last_name(),
                "birthDate": days.date(2006, 2019).isoformat(),
                "birthCity": address.city(),
                "birthSexDescriptor": f"uri://ed-fi.org/SexDescriptor#{person.gender()}",
                "birthStateAbbreviationDescriptor": f"uri://ed-fi.org/StateAbbreviationDescriptor#{address.state(abbr=True)}",
            }
        )

    rates = {"mimesis": rate(mimesis_student, count)}
    if faker is None:
        return rates | {"faker": None}
    fake = faker.Faker()
    faker.Faker.seed(1)

    def faker_student(number):
        return encode(
            {
                "studentUniqueId": f"{number:013}",
                "firstName": fake.first_name(),
                "middleName": fake.first_name(),
                "lastSurname": fake.last_name(),
                "birthDate": fake.date_of_birth(minimum_age=5, maximum_age=18).isoformat(),
                "birthCity": fake.city(),
                "birthSexDescriptor": f"uri://ed-fi.org/SexDescriptor#{fake.random_element(('Female', 'Male'))}",
                "birthStateAbbreviationDescriptor": f"uri://ed-fi.org/StateAbbreviationDescriptor#{fake.state_abbr()}",
            }
        )

    return rates | {"faker": rate(faker_student, max(100, count // 20))}


def plan(name):
    """Plan the named district, make the last document of each resource, and tell the memory that this took."""
    begin = time.perf_counter()
    documents = documents_of(PLANS[name], frozenset(DISTRICT))
    made = sum(len(documents.payload(resource, count - 1)) for resource, count in documents.counts.items())
    return {
        "seconds": round(time.perf_counter() - begin, 3),
        "documents": sum(documents.counts.values()),
        "peak_rss_mb": round(machine.getrusage(machine.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "bytes_of_last_documents": made,
    }


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "plan":
        print(json.dumps(plan(sys.argv[2])))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    standard = load_standard()
    district = resource_rates(documents_of(PROD, frozenset(DISTRICT)), count)
    rates = resource_rates(documents_of(DEV, frozenset(standard.model.resources)), count)
    own = {name: value for name, value in rates.items() if not standard.model.resources[name].is_descriptor}
    plans = {
        name: json.loads(
            subprocess.run([sys.executable, __file__, "plan", name], capture_output=True, check=True).stdout
        )
        for name in PLANS
    }
    figures = {
        "machine": {"python": platform.python_version(), "system": platform.platform()},
        "documents_each": count,
        "students_per_s_prod": district["students"],
        "studentSchoolAssociations_per_s_prod": district["studentSchoolAssociations"],
        "resources_without_descriptors": len(own),
        "average_per_s": len(own) / sum(1 / value for value in own.values()),
        "slowest_per_s": dict(sorted(own.items(), key=lambda item: item[1])[:5]),
        "student_by_library_per_s": library_rates(count),
        "planning": plans,
        "per_s_prod_district": district,
        "per_s": rates,
    }
    print(json.dumps(figures, indent=2, default=str))


if __name__ == "__main__":
    main()
