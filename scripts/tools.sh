# Sourced by run-tests.sh: programs that some tests drive, by the names of their Debian packages. Where one is missing and
# cannot be installed, its tests skip and say why.

POSTGRESQL=/usr/lib/postgresql # Debian keeps it off the path
POLICY=/usr/sbin/policy-rc.d   # what Debian asks whether to start the service of a package

is_there() {
    case $1 in
        chromium) [ -n "${CHROMIUM:-}" ] || command -v chromium chromium-browser >/dev/null ;;
        postgresql) [ -d "$POSTGRESQL" ] ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# Installs what is missing if root calls it on a system with apt. What is done goes to the file $1.
install_tools() {
    local tool missing='' failed=''
    for tool in chromium prometheus prometheus-node-exporter postgresql; do
        is_there "$tool" || missing="$missing $tool"
    done
    [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    echo "Installing$missing for the tests ..." >&2
    without_services apt_get update >"$1" 2>&1 || true # lists that are there may do
    for tool in $missing; do # one at a time: not every system has each of them
        if without_services apt_get install --yes --no-install-recommends "$tool" >>"$1" 2>&1; then
            keep_off "$tool" >>"$1" 2>&1
        else
            failed="$failed $tool"
        fi
    done
    [ -z "$failed" ] || echo "Could not install$failed (see $1): some tests will be skipped." >&2
}

# Nobody is there to answer questions; on a new machine the system's own updates may hold the lock for a while.
apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# Runs a command in which no package starts its service, as some listen on all interfaces; tests start their own.
without_services() (
    if [ ! -e "$POLICY" ]; then
        trap 'rm -f "$POLICY"' EXIT
        trap 'exit 130' INT TERM
        printf '#!/bin/sh\nexit 101\n' >"$POLICY" && chmod 755 "$POLICY" || exit # rather nothing than a service
    fi
    "$@"
)

# Nor does its service start with the machine from now on. What is no service is not found, and that is that.
keep_off() {
    ! command -v systemctl >/dev/null || systemctl disable "$1" || true
}
