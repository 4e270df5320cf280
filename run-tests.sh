#!/usr/bin/env bash
# Set up what is missing, then run every check, cheap ones first; the first that fails ends it.
# Arguments go to pytest: ./run-tests.sh tests/unit/config -k precedence
set -eu
. "$(dirname -- "${BASH_SOURCE[0]}")/scripts/set-up.sh"
set_up dev
cd "$ROOT"

# Programs that some tests drive, by the names of their Debian packages. Where one is missing and cannot be installed,
# its tests skip and say why.
tools() {
    local tool missing=''
    for tool in chromium prometheus prometheus-node-exporter; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    [ -d /usr/lib/postgresql ] || missing="$missing postgresql" # Debian keeps it off the path
    [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    echo "Installing$missing for the tests ..." >&2
    # shellcheck disable=SC2086 # one word for each package
    if ! { apt-get update && apt-get install --yes $missing; } >"$VENV/tools.log" 2>&1; then
        echo "Could not install$missing (see $VENV/tools.log): some tests will be skipped." >&2
    fi
}

tools
"$VENV/bin/ruff" format --check --quiet . || fail "some files are not formatted: .venv/bin/ruff format ."
"$VENV/bin/ruff" check --quiet .
"$VENV/bin/mypy"
"$VENV/bin/lint-imports" --no-logo
export HYPOTHESIS_PROFILE="${HYPOTHESIS_PROFILE:-ci}"
exec "$VENV/bin/pytest" --numprocesses 2 ${1+"$@"}
