#!/usr/bin/env bash
# Set up what is missing, then run the load test: ./run-load-test.sh --profile smoke
set -eu
. "$(dirname -- "${BASH_SOURCE[0]}")/scripts/set-up.sh"
set_up run
# Settings, profiles and results are the project folder's, wherever this is called from.
export DMS_LOAD_TEST_HOME="${DMS_LOAD_TEST_HOME:-$ROOT}"
exec "$VENV/bin/dms-load-test" run ${1+"$@"}
