# shellcheck shell=bash
# What run.sh and test.sh share: a fresh Debian machine becomes one that can build and test Nhịp. Sourced, not run.
# It installs what is missing and touches nothing that is there: with everything in place it calls neither apt nor
# the network. Not here: building, running, testing.

say() { printf '\n== %s\n' "$*" >&2; }

give_up() {
    printf '\nnhip: %s\n' "$*" >&2
    exit 1
}

# Runs a command as root, or says what to run.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        give_up "run this as root, then start again: $*"
    fi
}

lists_are_fresh=false

# Debian's package lists, fetched once a run and only if a package is wanted.
refresh_lists() {
    [ "$lists_are_fresh" = false ] || return 0
    command -v apt-get >/dev/null || give_up "this is no Debian; install what these Debian packages hold: $*"
    as_root apt-get update -qq || give_up "apt-get update failed; is the network there?"
    lists_are_fresh=true
}

install_packages() {
    say "installing $*"
    refresh_lists "$@"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >&2 ||
        give_up "apt-get could not install: $*"
}

# need COMMAND=PACKAGE…: installs the packages whose command is not there. `/a/file=PACKAGE` asks for a file.
need() {
    local pair missing=()
    for pair in "$@"; do
        case $pair in
        /*) [ -e "${pair%%=*}" ] || missing+=("${pair#*=}") ;;
        *) command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

need_compilers() {
    need gcc=gcc g++=g++ make=make pkg-config=pkg-config /etc/ssl/certs/ca-certificates.crt=ca-certificates
    # Every Debian has a perl, but only the whole package has the modules that build scripts ask for.
    perl -MFindBin -e 1 2>/dev/null || install_packages perl
}

# The oldest Rust that will do, from the root manifest.
rust_wanted() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

rust_found() { cargo --version 2>/dev/null | cut -d ' ' -f 2; }

is_rust_new_enough() {
    local found
    found=$(rust_found)
    [ -n "$found" ] && [ "$(printf '%s\n%s\n' "$(rust_wanted)" "$found" | sort -V | head -n 1)" = "$(rust_wanted)" ]
}

need_rust() {
    local cargo_bin="${CARGO_HOME:-$HOME/.cargo}/bin" way_out
    case ":$PATH:" in *":$cargo_bin:"*) ;; *) PATH="$PATH:$cargo_bin" ;; esac
    is_rust_new_enough && return
    way_out="install Rust $(rust_wanted) or newer with rustup, the Rust project's installer, and start again"
    if ! command -v rustup >/dev/null; then
        ! command -v cargo >/dev/null || give_up "cargo $(rust_found) is too old; $way_out"
        refresh_lists "rustup"
        apt-cache policy rustup | grep -q 'Candidate: [0-9]' ||
            give_up "there is no cargo, and this Debian release has no package rustup; $way_out"
        install_packages rustup
        rustup default stable >&2 || give_up "rustup could not fetch the stable toolchain; is the network there?"
    fi
    say "fetching a Rust toolchain"
    rustup toolchain install stable --profile minimal --component clippy --component rustfmt >&2 ||
        give_up "rustup could not fetch the stable toolchain; is the network there?"
    export RUSTUP_TOOLCHAIN=stable
    is_rust_new_enough || give_up "the newest Rust here is $(rust_found); $way_out"
}

# clippy and rustfmt, which only the tests use.
need_rust_checkers() {
    if ! cargo clippy --version >/dev/null 2>&1 || ! cargo fmt --version >/dev/null 2>&1; then
        command -v rustup >/dev/null || give_up "cargo has no clippy or no rustfmt; install both and run again"
        rustup component add clippy rustfmt >&2 || give_up "rustup could not add clippy and rustfmt"
    fi
}

# Reads deploy/compose.yaml. A python3 of another maker does not see Debian's package, which is then asked for once only.
need_python_yaml() {
    python3 -c 'import yaml' 2>/dev/null || need /usr/lib/python3/dist-packages/yaml=python3-yaml
}

# One target folder for all clones, so that a second clone does not build DataFusion again. Cargo tells clones
# apart by the age of their files only and would take the other clone's program for ours: when the clone changes,
# our own crates are built anew.
use_shared_target() {
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/nhip/target}"
    local owner="$CARGO_TARGET_DIR/nhip-clone"
    mkdir -p "$CARGO_TARGET_DIR"
    if [ -e "$owner" ] && [ "$(cat "$owner")" != "$PWD" ]; then
        say "another clone was built last; building our own crates anew"
        cargo clean --release --locked --quiet --package compute --package store --package ingest \
            --package alerts --package editions --package dashboard-api \
            --package acceptance-tests --package fuzz --package benches || give_up "cargo could not clean our own crates"
    fi
    printf '%s\n' "$PWD" >"$owner"
}

# A compiler may take 2 GiB: fewer at a time where there is less memory than cores.
bound_jobs() {
    local cores memory_gib
    cores=$(nproc)
    memory_gib=$(awk '/^MemTotal:/ { print int($2 / 1048576) }' /proc/meminfo)
    local jobs=$((memory_gib / 2))
    [ "$jobs" -ge 1 ] || jobs=1
    [ "$jobs" -le "$cores" ] || jobs=$cores
    export CARGO_BUILD_JOBS="${CARGO_BUILD_JOBS:-$jobs}"
}

prepare_build() {
    need_compilers
    need_rust
    bound_jobs
    use_shared_target
}

# The program, with the features of the whole workspace: another set of features would be another build.
build_nhip() {
    cargo build --release --locked --workspace --bin nhip
    export NHIP_BIN="$CARGO_TARGET_DIR/release/nhip"
}

# Node.js, a browser, letters for Vietnamese, and what tests/browser itself needs.
prepare_browser() {
    need node=nodejs npm=npm fc-list=fontconfig
    if [ -z "${CHROMIUM:-}" ]; then
        CHROMIUM=$(command -v chromium || command -v google-chrome || true)
        if [ -z "$CHROMIUM" ]; then
            install_packages chromium
            CHROMIUM=$(command -v chromium) || give_up "the package chromium brought no chromium"
        fi
    fi
    export CHROMIUM
    [ -n "$(fc-list :lang=vi family)" ] || install_packages fonts-noto-core
    local lock=tests/browser/package-lock.json installed=tests/browser/node_modules/.package-lock.json
    if [ -e "$lock" ] && { [ ! -e "$installed" ] || [ "$lock" -nt "$installed" ]; }; then
        say "npm ci in tests/browser"
        npm ci --prefix tests/browser --no-audit --no-fund >&2 || give_up "npm ci failed in tests/browser"
    fi
}

# Schemathesis in a folder of its own, by the versions of tests/schemathesis/requirements.txt; the second run asks no
# network. Its program is in `schemathesis`.
prepare_schemathesis() {
    need python3=python3 curl=curl
    local wanted=tests/schemathesis/requirements.txt home
    home="${XDG_CACHE_HOME:-$HOME/.cache}/nhip/schemathesis/$(sed -n 's/^schemathesis==//p' "$wanted")"
    # shellcheck disable=SC2034
    schemathesis="$home/bin/schemathesis"
    cmp -s "$wanted" "$home/complete" && return
    say "fetching Schemathesis"
    rm -rf "$home"
    # Debian's python3 makes such folders only with a package of its own.
    python3 -m venv "$home" >&2 || { rm -rf "$home" && install_packages python3-venv && python3 -m venv "$home" >&2; } ||
        give_up "python3 could not make a folder for Schemathesis"
    "$home/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2 ||
        give_up "pip could not fetch Schemathesis; is the network there?"
    cp "$wanted" "$home/complete"
}

# Apache Kafka as its project publishes it, and an independent client, for tests/kafka. Fetched once a version; the
# second run asks no network.
prepare_broker() {
    need java=default-jre-headless keytool=default-jre-headless mvn=maven node=nodejs npm=npm
    local version home
    version=$(sed -n 's/.*<kafka.version>\(.*\)<.*/\1/p' tests/kafka/pom.xml)
    home="${XDG_CACHE_HOME:-$HOME/.cache}/nhip/kafka/$version"
    if [ ! -e "$home/complete" ]; then
        say "fetching Apache Kafka $version"
        mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$home" >&2 ||
            give_up "maven could not fetch Apache Kafka $version; is the network there?"
        : >"$home/complete"
    fi
    export NHIP_BROKER_HOME="$home"
    local lock=tests/kafka/package-lock.json installed=tests/kafka/node_modules/.package-lock.json
    if [ ! -e "$installed" ] || [ "$lock" -nt "$installed" ]; then
        say "npm ci in tests/kafka"
        npm ci --prefix tests/kafka --no-audit --no-fund >&2 || give_up "npm ci failed in tests/kafka"
    fi
}
