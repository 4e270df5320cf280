#!/usr/bin/env bash
# Set up what is missing, then run every check, cheap ones first; the first that fails ends it.
# Arguments go to pytest: ./run-tests.sh tests/unit/config -k precedence
set -eu
. "$(dirname -- "${BASH_SOURCE[0]}")/scripts/set-up.sh"
. "$ROOT/scripts/tools.sh"
set_up dev
cd "$ROOT"

install_tools "$VENV/tools.log"
"$VENV/bin/ruff" format --check --quiet . || fail "some files are not formatted: .venv/bin/ruff format ."
"$VENV/bin/ruff" check --quiet .
"$VENV/bin/mypy"
"$VENV/bin/lint-imports" --no-logo
export HYPOTHESIS_PROFILE="${HYPOTHESIS_PROFILE:-ci}"
exec "$VENV/bin/pytest" --numprocesses 2 ${1+"$@"}
