"""The command, also as `python -m dms_load_test`: Ctrl-C while the program is still being loaded is no traceback."""

import sys

_INTERRUPTED = 105  # as in `cli`, which is not there yet


def main() -> None:
    """Load the command line and run it."""
    try:
        from dms_load_test.cli import main as run  # noqa: PLC0415 - loading it is what may be interrupted
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
