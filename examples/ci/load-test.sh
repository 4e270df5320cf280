#!/usr/bin/env bash
# A load test for continuous integration: run it, compare it with the profile's last one that passed, keep it if it passed.
# PROFILE, FORGET_BASE, API_BASE_URL, CLIENT_ID, CLIENT_SECRET: see docs/ci.md. The exit code is that of the first step
# that fails.
set -euo pipefail

profile=${PROFILE:-smoke}
base=base/$profile # figures of different loads cannot be compared
if [ -n "${API_BASE_URL:-}" ]; then
    dms-load-test doctor --profile "$profile"
fi
dms-load-test run --profile "$profile" --quiet --results results

new=results/$(ls -t results | head -n 1)
if [ -d "$base" ] && [ -z "${FORGET_BASE:-}" ]; then
    dms-load-test compare "$base" "$new" --markdown comparison.md
fi
rm -rf "$base"
mkdir -p base
cp -R "$new" "$base"
