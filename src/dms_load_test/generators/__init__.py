"""Documents as functions of seed, resource and ordinal: realistic, valid, complete in their references."""

from dms_load_test.generators.district import DistrictSizes
from dms_load_test.generators.documents import Documents, build_documents

__all__ = ["DistrictSizes", "Documents", "build_documents"]
