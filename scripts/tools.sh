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

# The mail server that mails are tested against: aiosmtpd, by pip, or the distribution's package.
need_mail_server() {
  has_mail_server && return
  say "no mail server (aiosmtpd) for the tests: getting it into $TOOLS"
  if python3 -m pip --version >/dev/null 2>&1; then
    python3 -m pip install --quiet --upgrade --root-user-action=ignore --disable-pip-version-check --target "$TOOLS/aiosmtpd" aiosmtpd==1.4.6 >&2 && has_mail_server && return
  fi
  apt_install python3-aiosmtpd && has_mail_server && return
  mail_server_by_unpacking && has_mail_server && return
  fail "the tests need aiosmtpd, and it cannot be installed" "Have somebody run: apt-get install python3-aiosmtpd"
}

has_mail_server() {
  local python=$TOOLS/aiosmtpd/python3
  [ -x "$python" ] || python=python3
  PYTHONPATH=$TOOLS/aiosmtpd "$python" -c 'import aiosmtpd.smtp' >/dev/null 2>&1
}

# Without rights: the distribution's packages, unpacked beside a python3 that knows where they are (also
# Python itself, where the machine has none).
mail_server_by_unpacking() {
  local work=$TOOLS/aiosmtpd-unpacking home=$TOOLS/aiosmtpd python=/usr/bin/python3 libraries
  unpack_packages "$work" python3-aiosmtpd || return 1
  if [ -x "$work/root/usr/bin/python3" ]; then python=$home/root/usr/bin/python3; fi
  libraries=$home/root/usr/lib/$(uname -m)-linux-gnu:$home/root/lib/$(uname -m)-linux-gnu
  {
    printf '#!/bin/sh\n'
    printf 'export LD_LIBRARY_PATH="%s" PYTHONPATH="%s"\n' "$libraries" "$home/root/usr/lib/python3/dist-packages"
    [ "$python" = /usr/bin/python3 ] || printf 'export PYTHONHOME="%s"\n' "$home/root/usr"
    printf 'exec "%s" "$@"\n' "$python"
  } >"$work/python3"
  chmod +x "$work/python3" && rm -rf "$home" && mv "$work" "$home"
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
