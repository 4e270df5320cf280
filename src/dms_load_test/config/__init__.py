"""Settings: read from flags, environment, profile and file, validated once, each with its origin.

`load_settings` is the way in. The precedence is `flags > environment > profile > .env.load-test > defaults`.
"""

from dms_load_test.config.loading import Effective, Row, home, load_settings
from dms_load_test.config.profiles import list_profiles
from dms_load_test.config.settings import KEYS, Key, Settings
from dms_load_test.config.sources import FILE_NAME, Origin, parse_assignments

__all__ = [
    "FILE_NAME",
    "KEYS",
    "Effective",
    "Key",
    "Origin",
    "Row",
    "Settings",
    "home",
    "list_profiles",
    "load_settings",
    "parse_assignments",
]
