"""The command, also as `python -m dms_load_test`: what has to be in order before the program is loaded.

Ctrl-C while that goes on is no traceback.
"""

import os
import signal
import sys
from types import FrameType

_INTERRUPTED = 105  # as in `cli`, which is not there yet
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def main() -> None:
    """Load the command line and run it."""
    _open_missing_streams()
    _heed_ends()
    try:
        from dms_load_test.cli import main as run  # noqa: PLC0415 - loading it is what may be interrupted
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run()


def _open_missing_streams() -> None:
    """Put the null device where the caller closed a standard stream (`>&-`): the next file would take its number."""
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the lowest number, which is this one
            os.set_inheritable(nowhere, True)  # noqa: FBT003 - the signature of Python
            setattr(sys, name, open(nowhere, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - a descriptor, open to the end


def _heed_ends() -> None:
    """Let SIGTERM and a closed terminal (SIGHUP) do what Ctrl-C does, except where they are ignored (nohup)."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _as_by_ctrl_c)


def _as_by_ctrl_c(_number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)  # ignored in what a script starts in the background
    (handler if callable(handler) else signal.default_int_handler)(signal.SIGINT, frame)


if __name__ == "__main__":
    main()
