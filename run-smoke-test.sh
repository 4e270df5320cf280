#!/usr/bin/env bash
# Set up what is missing, then run the smoke phase alone: ./run-smoke-test.sh --target URL
set -eu
. "$(dirname -- "${BASH_SOURCE[0]}")/scripts/set-up.sh"
set_up run
# Settings, profiles and results are the project folder's, wherever this is called from.
export DMS_LOAD_TEST_HOME="${DMS_LOAD_TEST_HOME:-$ROOT}"
exec "$VENV/bin/dms-load-test" smoke ${1+"$@"}
