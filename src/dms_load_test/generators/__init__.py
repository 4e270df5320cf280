"""Documents as functions of seed, resource and ordinal: realistic, valid, complete in their references."""

from dms_load_test.generators.district import DistrictSizes
from dms_load_test.generators.documents import DISTRICT, Documents, build_documents
from dms_load_test.generators.options import DataOptions, Optional
from dms_load_test.generators.rule import Rule
from dms_load_test.generators.world import World

__all__ = ["DISTRICT", "DataOptions", "DistrictSizes", "Documents", "Optional", "Rule", "World", "build_documents"]
