"""The dev district, and one that is small and crowded, with the standard's descriptors."""

from functools import cache

import pytest

from dms_load_test.edfi.standard import load_standard
from dms_load_test.generators import DistrictSizes, build_documents


@cache
def documents_of(sizes, seed=1):
    standard = load_standard()
    uris = {
        name: [f"uri://ed-fi.org/{name}#{code}" for code in codes] for name, codes in standard.descriptor_values.items()
    }
    return build_documents(standard.model, sizes, seed, uris)


class District:
    """All documents of each resource by its name: `district.students`, once made."""

    def __init__(self, documents):
        self.documents = documents
        self.counts = documents.counts

    def __getattr__(self, resource):
        made = [self.documents.document(resource, n) for n in range(self.counts[resource])]
        setattr(self, resource, made)
        return made


@pytest.fixture(scope="session")
def build():
    return documents_of


@pytest.fixture(
    scope="session",
    params=[
        DistrictSizes(10, 100, 20, 10, 3),
        DistrictSizes(3, 900, 90, 20, 9),
        DistrictSizes(1, 40, 7, 3, 2),
        DistrictSizes(7, 1500, 40, 50, 4, school_year=2023),
    ],
    ids=["dev", "crowded", "one school", "wide choice"],
)
def district(request):
    return District(documents_of(request.param))
