#!/bin/sh
# Sets up what the project's own package manager cannot: system libraries, uv itself, a local blockchain node.
# Each step looks first and installs only what is missing; where it may not install, it says what is needed.
set -eu

LIBRARIES="libGL.so.1:libgl1 libEGL.so.1:libegl1 libxkbcommon.so.0:libxkbcommon0 libfontconfig.so.1:libfontconfig1 libglib-2.0.so.0:libglib2.0-0 libdbus-1.so.3:libdbus-1-3 libxcb-cursor.so.0:libxcb-cursor0 libxkbcommon-x11.so.0:libxkbcommon-x11-0 libxcb-icccm.so.4:libxcb-icccm4 libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-shape.so.0:libxcb-shape0"

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

install_packages() { # packages…
    echo "Installing with apt-get: $*"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

has_library() { # soname
    /sbin/ldconfig -p 2>/dev/null | grep -q "$1"
}

system() {
    [ "$(uname -s)" = Linux ] || return 0
    missing=""
    for pair in $LIBRARIES; do
        has_library "${pair%%:*}" || missing="$missing ${pair##*:}"
    done
    # A second opinion on reports for the tests: pdfsig, qpdf, and a token in software.
    if [ -n "${CI:-}" ] && may_install; then
        command -v pdfsig >/dev/null 2>&1 || missing="$missing poppler-utils"
        command -v qpdf >/dev/null 2>&1 || missing="$missing qpdf"
        command -v softhsm2-util >/dev/null 2>&1 || missing="$missing softhsm2"
    fi
    [ -n "$missing" ] || return 0
    if may_install; then
        # shellcheck disable=SC2086
        install_packages $missing
    else
        echo "The window needs these system libraries:$missing"
        echo "Ask someone who may install them to run:  apt-get install$missing"
        echo "The command line and the report work without them."
    fi
}

uv() { # python version
    python=$1 version=$2
    command -v "$python" >/dev/null 2>&1 || {
        if may_install; then install_packages python3 python3-venv; else
            echo "Python 3.11 or later is needed (Debian: apt-get install python3 python3-venv)." >&2
            exit 1
        fi
    }
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        if may_install; then install_packages python3-venv; else
            echo "Python's venv module is needed (Debian: apt-get install python3-venv)." >&2
            exit 1
        fi
    fi
    [ -x .tools/bin/python ] || "$python" -m venv .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$version"
}

ANVIL=1.7.1

npm_install() { # packages…
    npm install --prefix .node --no-audit --no-fund --ignore-scripts --loglevel=error "$@"
}

platform() { # as npm packages name it
    case "$(uname -m)" in aarch64 | arm64) machine=arm64 ;; *) machine=amd64 ;; esac
    echo "$(uname -s | tr '[:upper:]' '[:lower:]')-$machine"
}

node() {
    mkdir -p .node
    if ! command -v npm >/dev/null 2>&1 && may_install && [ -n "${CI:-}" ]; then
        install_packages nodejs npm
    fi
    if command -v npm >/dev/null 2>&1; then
        npm_install "@foundry-rs/anvil@$ANVIL"
        # Debian's npm 9 takes the machine's C library for another one and leaves the binary out.
        ls .node/node_modules/@foundry-rs/anvil-*/bin/anvil* >/dev/null 2>&1 || npm_install --force "@foundry-rs/anvil-$(platform)@$ANVIL" || true
    else
        echo "npm is not installed: tests against a local Ethereum node will be skipped (Debian: apt-get install npm)."
    fi
    litecoin
    touch .node/.complete
}

LITECOIN="litecoind libboost-thread1.74.0 libboost-filesystem1.74.0 libevent-pthreads-2.1-7 libevent-2.1-7 libevent-core-2.1-7 libfmt9 libleveldb1d libminiupnpc17 libdb5.3++ libdb5.3 libsnappy1v5"

litecoin() { # a UTXO node from Debian and an Electrum server from PyPI, unpacked into .node; nothing is installed
    if [ ! -x .node/ltc/usr/lib/litecoin/litecoind ]; then
        rm -rf .node/debs && mkdir -p .node/debs .node/ltc
        if command -v apt-get >/dev/null 2>&1 && [ "$(dpkg --print-architecture)" = amd64 ]; then
            # shellcheck disable=SC2086
            (cd .node/debs && { apt-get -qq download $LITECOIN || { may_install && apt-get update -qq && apt-get -qq download $LITECOIN; }; }) >/dev/null 2>&1 &&
                for deb in .node/debs/*.deb; do dpkg -x "$deb" .node/ltc; done
        fi
        rm -rf .node/debs
        [ -x .node/ltc/usr/lib/litecoin/litecoind ] ||
            echo "litecoind could not be had from Debian (bookworm, amd64): tests against a local UTXO node will be skipped."
    fi
    if [ ! -x .node/electrumx/bin/electrumx_server ]; then
        .tools/bin/uv venv --quiet --no-managed-python .node/electrumx &&
            .tools/bin/uv pip install --quiet --python .node/electrumx/bin/python 'e-x[leveldb]==2.0.0' ||
            echo "ElectrumX could not be installed: tests against a local Electrum server will be skipped."
    fi
}

window() { # program folder
    if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ -z "${CI:-}" ]; then
        exec "$1" open --demo "$2"
    fi
    echo "No display: the report is $2/report.pdf"
}

step=$1
shift
"$step" "$@"
