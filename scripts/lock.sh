#!/usr/bin/env bash
# Renew both lock files after a change to pyproject.toml; pass --upgrade to take newer versions as well.
# Needs `uv` (https://docs.astral.sh/uv/). The locks name versions and hashes for every platform, and no registry.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
lock() {
    uv pip compile pyproject.toml --group build --universal --generate-hashes --no-header --no-annotate --quiet "$@"
}
# Dask is among them, so that --workers works at once: 44 MB beside Plotly's 64. So is the PostgreSQL driver: 13 MB.
lock --extra cluster --extra postgres --output-file requirements.lock "$@"
# The tests must see what users get: the runtime lock constrains the development lock.
lock --extra cluster --extra postgres --extra dev --constraints requirements.lock --output-file requirements-dev.lock "$@"
