"""Python files that a user wrote: scenarios and generators. What is wrong with one is told with file and line."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def load_module(path: Path) -> ModuleType:
    """Run a Python file and return it as a module of its own, whatever other files of that name there are.

    Raises:
        ImportError: It is no Python file.
        Exception: Whatever the file itself raises.
    """
    name = f"user_{path.stem}_{sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and pickle look for it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def fault_of(error: Exception, path: Path) -> str:
    """Return what is wrong with a file: `mine.py:12: NameError: name 'x' is not defined`."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}: {error.msg}"
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    place = f"{path}:{own[-1].lineno}" if own else str(path)
    return f"{place}: {type(error).__name__}: {error}"
