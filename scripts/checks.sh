# What maintainers and CI check beside the tests. Sourced by `run`; each check exits with an error when it fails.

check_all() {
  local check
  for check in fmt lint layers licences typos unused; do "check_$check"; done
}

check_fmt() {
  say "formatting"
  cargo fmt --all --check
}

check_lint() {
  need_compiler
  say "clippy"
  cargo clippy --locked --workspace --all-targets -- --deny warnings
  say "documentation"
  # For those who read the code, so private items are documented and may be linked to. Not the program's: its
  # comments are help texts, written for a terminal.
  RUSTDOCFLAGS='--deny warnings --allow rustdoc::private_intra_doc_links' cargo doc --locked --workspace --exclude parvaneh --no-deps --document-private-items --quiet
}

# The architecture's bans, read off the resolved dependency graph (docs/ARCHITECTURE.md).
check_layers() {
  say "what each crate may know"
  # No I/O, no clock (iana-time-zone comes with chrono's), no randomness.
  must_not_reach parvaneh-core 'sqlx.*|tokio|axum|hyper|reqwest|rustix|clap|rand|rand_core|getrandom|iana-time-zone|tracing-subscriber'
  # No HTTP server, no screens.
  must_not_reach parvaneh-store 'axum|hyper|tower-http|askama|clap|indicatif'
  # No HTTP server. It is a client of webhooks, and hyper and tower-http are what its client is made of.
  must_not_reach parvaneh-worker 'axum|askama|clap'
  must_not_use parvaneh-worker hyper server
  # The bytes of documents: no database, no server, no case.
  must_not_reach parvaneh-contents 'sqlx.*|axum|clap|parvaneh.*'
  must_not_use parvaneh-contents hyper server
  # Timelines as files: no database, no network, nobody who asks.
  must_not_reach parvaneh-export 'sqlx.*|tokio|hyper|reqwest|axum|clap|parvaneh|parvaneh-(store|web|worker|contents|tests)'
  # A paper in, bytes out.
  must_not_reach parvaneh-pdf 'sqlx.*|tokio|hyper|reqwest|axum|clap|parvaneh|parvaneh-(store|web|worker|contents|tests)'
  # No SQL.
  must_not_name parvaneh-web 'sqlx.*|rustix'
  # parvaneh -> {web, worker} -> {store -> core, contents, export -> core}: nothing points up, web and worker are strangers.
  must_not_reach parvaneh-core 'parvaneh.*'
  must_not_reach parvaneh-store 'parvaneh|parvaneh-(contents|export|web|worker|tests)'
  must_not_reach parvaneh-worker 'parvaneh|parvaneh-(web|pdf|tests)'
  must_not_reach parvaneh-web 'parvaneh|parvaneh-(worker|pdf|tests)'
}

# must_not_reach CRATE PATTERN: no dependency of CRATE, direct or not, has a name that matches.
must_not_reach() { forbid "$1" "$2" "reaches" ; }

# must_not_name CRATE PATTERN: the same for direct dependencies.
must_not_name() { forbid "$1" "$2" "names" --depth 1; }

# must_not_use CRATE DEPENDENCY FEATURE: what CRATE reaches of a dependency lacks that feature.
must_not_use() {
  local features
  features=$(cargo tree --locked --package "$1" --edges normal,build,features --target all --prefix none --format '{p}')
  grep -qxE "$2 feature \".*\"( \(\*\))?" <<<"$features" || fail "cargo tree did not tell the features of $2"
  ! grep -qxE "$2 feature \"$3\"( \(\*\))?" <<<"$features" || fail "$1 uses the feature '$3' of $2, which it must not know"
  echo "$1: $2 without '$3'"
}

forbid() {
  local crate=$1 pattern=$2 verb=$3 tree found
  shift 3
  tree=$(cargo tree --locked --package "$crate" --edges normal,build --target all --prefix none --format '{p}' "$@")
  # The first line is the crate itself: its absence would mean that nothing was looked at.
  [ "${tree%% *}" = "$crate" ] || fail "cargo tree did not answer for $crate"
  found=$(tail -n +2 <<<"$tree" | cut -d' ' -f1 | grep -xE "$pattern" | sort -u | xargs) || true
  [ -z "$found" ] || fail "$crate $verb $found, which it must not know" \
    "See docs/ARCHITECTURE.md; the way: cargo tree --package $crate --invert ${found%% *} --edges normal"
  echo "$crate: none of $pattern ${*:+(direct)}"
}

check_licences() {
  tool cargo-deny cargo-deny@0.20.2
  say "licences, sources and bans of dependencies"
  "$TOOL" --locked check licenses sources bans
  say "known vulnerabilities"
  # Their database lies outside the package registry: not every place where this runs can reach it.
  if timeout 60 "$TOOL" fetch db >/dev/null 2>&1; then
    "$TOOL" --locked check advisories
  else
    echo "skipped: the database of advisories cannot be reached from here"
  fi
}

check_typos() {
  need_typos
  say "spelling"
  "$TOOL"
}

check_unused() {
  tool cargo-machete cargo-machete@0.9.2
  say "unused dependencies"
  "$TOOL"
}
