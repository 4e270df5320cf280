"""Rooms import downwards only, and the core knows no socket, clock or loop: the contracts are in pyproject.toml."""

import subprocess
import sys

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def test_every_import_contract_is_kept(root):
    # In a process of its own: it turns off all loggers that there are, which tests after it would miss.
    ended = subprocess.run([sys.executable, "-c", LINT], cwd=root, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
