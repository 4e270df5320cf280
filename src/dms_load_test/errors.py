"""What a user can be told: one exception class per way to stop.

Rules: a message says what, where and what to do; it never holds a secret. `cli` maps each class to an exit code and
prints the message without a traceback. A failed request is no exception: it is a `Sample`.
"""


class LoadTestError(Exception):
    """Base of all errors that are the user's, the target's or the scenario's, never ours."""


class ConfigError(LoadTestError):
    """A setting, an argument, a profile or a file given by the user is wrong."""


class TargetError(LoadTestError):
    """The target is not ready or not usable: nothing listens, discovery, token or metadata fail."""


class ScenarioError(LoadTestError):
    """A scenario raised: its code is wrong, or its smoke cycle cannot go on."""


class StorageError(LoadTestError):
    """The results cannot be written any more: the disk is full, or its folder is gone. What was written stays."""


def first_of(raised: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the exception of a group to report: the first that is meant for users, else the first of our own mistakes.

    Raise it from an `except BaseExceptionGroup`: what `except*` raises is a group, before Python 3.11.4.
    """
    found, _ = raised.split(LoadTestError)
    first = (found or raised).exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
