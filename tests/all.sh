#!/usr/bin/env bash
# Runs every test there is, and skips none. On a Debian machine it installs by itself what is missing (as root, or
# through sudo); elsewhere it says what to install. Works from any folder.
#
#   bash tests/all.sh            everything
#   bash tests/all.sh --install  only what the tests need, no test
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

# The release of the Modbus peer that the tests were written against.
PYMODBUS=3.16.1
# What it needs for a serial port.
PYSERIAL=3.5
# The reader of Parquet files, likewise.
DUCKDB=2.0.0
# The validator of JSON Schema, likewise.
JSONSCHEMA=4.26.0
# The Modbus server under Node, likewise; without its serial ports, which want a compiler.
MODBUS_SERIAL=8.0.25
# The system's own Python: only it sees the system's packages for accessibility.
PYTHON=/usr/bin/python3

fail() {
    printf 'tests/all.sh: %s\n' "$1" >&2
    exit 1
}

# What must be there: the way to see it, and the Debian package that brings it.
has_library() { ldconfig -p 2>/dev/null | grep -q "$1" || /sbin/ldconfig -p 2>/dev/null | grep -q "$1"; }
has_program() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }
has_file() { compgen -G "$1" >/dev/null; }
has_python() { "$PYTHON" -c "$1" >/dev/null 2>&1; }

needs=(
    "has_program cc|gcc libc6-dev"
    "has_program git|git"
    "test -x $PYTHON|python3"
    "has_python 'import ensurepip, venv'|python3-venv"
    "has_python 'import gi; gi.require_version(\"Atspi\", \"2.0\"); from gi.repository import Atspi'|python3-gi gir1.2-atspi-2.0"
    "test -x /usr/libexec/at-spi-bus-launcher|at-spi2-core"
    "has_program dbus-daemon|dbus-daemon"
    "has_program dbus-send|dbus-bin"
    "has_program Xvfb|xvfb"
    "has_program openbox|openbox"
    "has_program xdotool|xdotool"
    "has_program xdpyinfo|x11-utils"
    "has_program import|imagemagick"
    "has_program zenity|zenity"
    "has_program strace|strace"
    "has_file '/usr/lib/*/faketime/libfaketimeMT.so.1'|libfaketime"
    "has_program setpriv|util-linux"
    "has_program openssl|openssl"
    "has_program gnome-keyring-daemon|gnome-keyring"
    "has_program dbus-run-session|dbus-daemon"
    "has_program script|bsdutils"
    "has_program socat|socat"
    "has_file /usr/include/modbus/modbus.h|libmodbus-dev"
    "has_program node|nodejs"
    "has_program npm|npm"
    "has_program ip|iproute2"
    "has_program nft|nftables"
    "has_program mosquitto|mosquitto"
    "has_program mosquitto_pub|mosquitto-clients"
    "has_program tshark|tshark"
    "has_library libEGL.so.1|libegl1"
    "has_library libGL.so.1|libgl1"
    "has_file '/usr/lib/*/dri/swrast_dri.so'|libgl1-mesa-dri"
    "has_library libxkbcommon-x11.so.0|libxkbcommon-x11-0"
    "has_library libX11-xcb.so.1|libx11-xcb1"
    "has_library libXcursor.so.1|libxcursor1"
    "has_library libXi.so.6|libxi6"
    "has_library libXrandr.so.2|libxrandr2"
)

missing_packages() {
    local need
    for need in "${needs[@]}"; do
        eval "${need%|*}" 2>/dev/null || printf '%s\n' "${need##*|}"
    done
    return 0
}

install_missing() {
    local packages as_root=()
    packages=$(missing_packages | tr '\n' ' ')
    if [ -n "${packages// /}" ]; then
        has_program apt-get || fail "these Debian packages, or what your system calls them, are missing: $packages"
        if [ "$(id -u)" -ne 0 ]; then
            has_program sudo || fail "not root and no sudo; install these by hand: $packages"
            as_root=(sudo)
        fi
        printf 'installing: %s\n' "$packages"
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
        # shellcheck disable=SC2086 # a list of names
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
        packages=$(missing_packages | tr '\n' ' ')
        [ -z "${packages// /}" ] || fail "installed, and still not found: $packages"
    fi
    has_program cargo || fail "cargo is missing; install Rust from https://rustup.rs"

    local venv=target/peers-venv
    if ! "$venv/bin/python" -c "import duckdb, pymodbus, serial
from importlib.metadata import version
assert (duckdb.__version__, pymodbus.__version__, serial.__version__) == ('$DUCKDB', '$PYMODBUS', '$PYSERIAL')
assert version('jsonschema') == '$JSONSCHEMA'" >/dev/null 2>&1; then
        rm -rf "$venv"
        mkdir -p target
        "$PYTHON" -m venv "$venv" || fail "could not make the Python environment $venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "duckdb==$DUCKDB" "pymodbus==$PYMODBUS" \
            "pyserial==$PYSERIAL" "jsonschema==$JSONSCHEMA" \
            || fail "could not install duckdb $DUCKDB, pymodbus $PYMODBUS, pyserial $PYSERIAL and jsonschema $JSONSCHEMA into $venv; is the package index reachable?"
    fi

    local modules=target/peers-node
    if [ "$(node -p "require('./$modules/node_modules/modbus-serial/package.json').version" 2>/dev/null)" != "$MODBUS_SERIAL" ]; then
        rm -rf "$modules"
        npm install --silent --no-audit --no-fund --omit=optional --prefix "$modules" "modbus-serial@$MODBUS_SERIAL" \
            || fail "could not install modbus-serial $MODBUS_SERIAL into $modules; is the registry of npm reachable?"
    fi
}

# A group has a budget of minutes, its first build included: tests that grow slow are told before they are a habit.
group() {
    local name=$1 minutes=$2 from=$SECONDS
    shift 2
    printf '\n── %s\n' "$name"
    "$@"
    printf '── %s: %d s\n' "$name" $((SECONDS - from))
    [ $((SECONDS - from)) -le $((minutes * 60)) ] || fail "$name took longer than its $minutes minutes"
}

group "what the tests need" 15 install_missing
[ "${1:-}" != --install ] || exit 0
group "tests that need no system package" 30 cargo test --locked
group "real peers: mosquitto, pymodbus, libmodbus, Node, socat, DuckDB, jsonschema, tshark and Python's HTTP" 10 cargo test --locked --test peers
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(--config 'target."cfg(unix)".runner = "sudo -E"')
group "power cuts, full disks and cut networks (as root: they mount small disks and make namespaces)" 10 cargo test --locked "${as_root[@]}" --test faults
group "the real window, under Xvfb" 10 cargo test --locked --test desktop -- --test-threads=1
printf '\nall tests passed in %d s\n' "$SECONDS"
