# Sourced by run-*.sh: makes the virtual environment in the project folder and keeps it in step with the lock files.
# bash 3.2 (macOS) suffices. Silent, and without starting Python, when nothing changed.

ROOT=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
VENV=$ROOT/.venv
LOG=$VENV/set-up.log

fail() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 1
}

# Sets PYTHON. A candidate that does not even start, as a pyenv shim without its version, is passed over.
find_python() {
    local candidate version old='' bare=''
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.version_info >= (3, 11))' \
            2>/dev/null) || continue
        if [ "${version#* }" != True ]; then
            old="; $candidate is ${version% *}"
        elif "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            PYTHON=$candidate
            return
        else
            bare=${bare:-$candidate}
        fi
    done
    [ -z "$bare" ] || fail "$bare comes without venv; install it (Debian, Ubuntu: sudo apt install $bare-venv) and run this again"
    fail "Python 3.11 or newer is needed$old; install it (https://www.python.org/downloads) and run this again"
}

make_environment() {
    find_python
    mkdir -p "$VENV" || fail "cannot write to $ROOT; run this in a folder of your own"
    "$PYTHON" -m venv --clear "$VENV" >/dev/null 2>&1 ||
        fail "$PYTHON cannot make $VENV; check the free disk space and that the folder is yours, and run this again"
}

pip_install() {
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@" >"$LOG" 2>&1 ||
        fail "cannot install the packages ($(grep -i '^ *error:' "$LOG" | tail -n 1 || true)); check the network and proxy and run this again, details are in $LOG"
}

# set_up run|dev: what a run needs, or that and what the tests need.
set_up() {
    local kind=$1 lock=$ROOT/requirements.lock wanted stamp
    case $OSTYPE in
        msys* | cygwin*) fail "the scripts are for Linux and macOS; on Windows: pip install . and then dms-load-test run" ;;
    esac
    [ "$kind" = run ] || lock=$ROOT/requirements-dev.lock
    stamp=$VENV/installed-$kind
    # The folder's path is part of it, since an environment does not survive a move.
    wanted="$ROOT $(cat "$ROOT/pyproject.toml" "$ROOT/requirements.lock" "$ROOT/requirements-dev.lock" | cksum)"
    if [ -x "$VENV/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "Setting up $VENV, which takes a minute ..." >&2
    if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || moved; then
        make_environment
    fi
    pip_install --require-hashes --requirement "$lock"
    # hatchling is in the lock: nothing is fetched to build, so nothing unhashed is run.
    pip_install --no-deps --no-build-isolation --editable "$ROOT"
    printf '%s\n' "$wanted" >"$stamp"
}

# Whether the environment was made for another folder.
moved() {
    local stamp
    for stamp in "$VENV"/installed-*; do
        [ ! -f "$stamp" ] || [ "$(sed 's/ [0-9]* [0-9]*$//' "$stamp")" = "$ROOT" ] || return 0
    done
    return 1
}
