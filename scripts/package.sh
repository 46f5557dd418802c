# A Debian package, by dpkg-deb alone: the program, units, a configuration file, documents.
# Sourced by ./run.

# Who answers for the package: whoever builds it.
MAINTAINER=${PARVANEH_MAINTAINER:-Parvaneh maintainers <parvaneh@localhost>}

# package [FOLDER]: builds the program and puts the package into the folder (default: target/debian).
# PARVANEH_BINARY names a program that is built already.
package() {
  local folder=${1:-target/debian} binary=${PARVANEH_BINARY:-}
  command -v dpkg-deb >/dev/null || fail "dpkg-deb is needed, which Debian and Ubuntu have"
  if [ -z "$binary" ]; then
    need_compiler
    say "building the program (the first time takes minutes)"
    cargo build --locked --release --package parvaneh
    binary=${CARGO_TARGET_DIR:-target}/release/parvaneh
  fi
  local version architecture root
  # Nothing in it depends on when it is built.
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
  version=$("$binary" --version | cut -d' ' -f2)
  architecture=$(dpkg --print-architecture)
  root=$(mktemp -d)
  # The folder becomes that of the whole system, also for those who are not us.
  chmod 0755 "$root"
  (
    umask 022
    fill_package "$binary" "$root"
    control_of "$binary" "$root" "$version" "$architecture"
  ) || { rm -rf "$root"; fail "the package could not be put together"; }
  mkdir -p "$folder"
  local file=$folder/parvaneh_${version}_$architecture.deb
  dpkg-deb --root-owner-group --build "$root" "$file" >/dev/null
  rm -rf "$root"
  say "$file"
}

# fill_package BINARY ROOT: what is in it.
fill_package() {
  local binary=$1 root=$2 documents=$2/usr/share/doc/parvaneh unit
  install -D -m 0755 "$binary" "$root/usr/bin/parvaneh"
  strip --strip-unneeded "$root/usr/bin/parvaneh" 2>/dev/null || true
  for unit in deploy/systemd/*.service; do
    install -D -m 0644 "$unit" "$root/lib/systemd/system/${unit##*/}"
  done
  # What an installation by package says of itself; all else is explained and commented out.
  install -d -m 0755 "$root/etc/parvaneh"
  "$binary" config example |
    sed -e 's|^#data_dir = .*|data_dir = "/var/lib/parvaneh"|' \
      -e 's|^#log_format = .*|log_format = "json"|' >"$root/etc/parvaneh/parvaneh.toml"
  chmod 0640 "$root/etc/parvaneh/parvaneh.toml"
  install -d "$root/usr/share/bash-completion/completions" "$documents"
  "$binary" completions bash >"$root/usr/share/bash-completion/completions/parvaneh"
  cp docs/*.md docs/openapi.json "$documents"
  gzip -9n "$documents/openapi.json"
  {
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n'
    printf 'Files: *\nCopyright: the Parvaneh maintainers\nLicense: MIT or Apache-2.0\n'
    printf ' On Debian systems the Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0.\n .\n'
    sed -e 's/^$/./' -e 's/^/ /' LICENSE-MIT
  } >"$documents/copyright"
  printf 'parvaneh (%s) unstable; urgency=medium\n\n  * See the history of the repository.\n\n -- %s  %s\n' \
    "$("$binary" --version | cut -d' ' -f2)" "$MAINTAINER" "$(LC_ALL=C date -u -R -d "@${SOURCE_DATE_EPOCH:-0}")" |
    gzip -9n >"$documents/changelog.gz"
}

# control_of BINARY ROOT VERSION ARCHITECTURE: what the package manager is told.
control_of() {
  local binary=$1 root=$2 glibc size
  # The newest of libc's versions whose symbols it asks for.
  glibc=$(grep -ao 'GLIBC_2\.[0-9]*' "$binary" | sort -Vu | tail -1 | cut -d_ -f2)
  size=$(du -ks "$root" | cut -f1)
  install -d -m 0755 "$root/DEBIAN"
  sed -e "s/@VERSION@/$3/" -e "s/@ARCHITECTURE@/$4/" -e "s/@SIZE@/$size/" -e "s/@GLIBC@/${glibc:-2.36}/" \
    -e "s/@MAINTAINER@/$MAINTAINER/" deploy/debian/control.in >"$root/DEBIAN/control"
  install -m 0644 deploy/debian/conffiles "$root/DEBIAN/conffiles"
  install -m 0755 deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm "$root/DEBIAN/"
  (cd "$root" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\0' |
    LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
}
