# Whether a guard of the API could be missing unseen: takes one after the other out of a copy of the
# sources, and looks whether the tests that ask as everybody name the cell that is then open. Called by
# `./run guards [NAME...]`.
#
# A build and a run of some tests for each: by hand, after a change of `policy`, of `auth`, or of what
# a list asks for.

GUARDS=(see seen permit scope site inquiries wall reach)

# Takes out a guard: the file, what stands there (Perl, over lines), what stands there without it.
without() {
  WHAT=$2 INSTEAD=$3 perl -0pi -e 's/$ENV{WHAT}/$ENV{INSTEAD}/g or die "$ARGV holds no such guard any more\n"' "$1"
}

# The policy that a case is seen.
guard_see() {
  without crates/web/src/policy.rs \
    'app\.store\.sight\(case, viewer\)\.await\?\.ok_or_else\(Problem::not_found\)' \
    'Ok(app.store.sight(case, viewer).await?.unwrap_or(Sight::Office))'
}

# That the write path asks the same of who changes a case.
guard_seen() {
  without crates/store/src/batch/judge.rs \
    'Ok\(\(case, sight\.ok_or_else\(none\)\?\)\)' 'Ok((case, sight.unwrap_or(Sight::Office)))'
}

# The policy of what is no action on a case.
guard_permit() {
  without crates/web/src/policy.rs \
    'if may\(viewer, task, unit\) \{' 'if may(viewer, task, unit) || !task.roles().is_empty() {'
}

# What a token may be used for.
guard_scope() {
  without crates/web/src/auth/mod.rs \
    'if !scopes\.contains\(&scope\)' 'if scopes.is_empty() && scope == Scope::Write'
}

# That a change by cookie comes from our own pages.
guard_site() {
  without crates/web/src/auth/mod.rs '    if same \{' '    if same || !headers.is_empty() {'
}

# That a body answers only what it is asked itself.
guard_inquiries() {
  without crates/web/src/api/inquiries.rs \
    'if !app\.store\.is_asked\(&viewer, case, &branch\)\.await\? \{' 'if viewer.actor.person != caller.person {'
}

# The database's own wall: whoever reads, reads as the engine.
guard_wall() {
  without crates/store/src/reading.rs \
    'let Some\(reader\) = &self\.reader else' 'let Some(reader) = self.reader.as_ref().filter(|_| false) else'
}

# The reach of a list. With it goes the wall, which else does its work: the list would be right all the same.
guard_reach() {
  guard_wall && without crates/web/src/api/cases.rs 'reach: Some\(viewer\.reach\),' 'reach: None,'
}

# The tests that must fail without it.
tests_of() {
  case $1 in
    scope | site) echo web_matrix_means ;;
    wall) echo store_wall ;;
    reach) echo web_matrix::no_list_and_no_filter_betrays_a_case ;;
    *) echo web_matrix::everybody_asks_everything ;;
  esac
}

# A cell that they must name.
cell_of() {
  case $1 in
    see) echo 'Reception: get /cases/{case}/inquiries/{branch}/links: sibling officer: 200 ' ;;
    seen) echo 'Reception: post /cases/{case}/comments: sibling officer: 403 ' ;;
    permit) echo 'Reception: get /people: sibling officer: 200 ' ;;
    scope) echo 'post /cases/{case}/comments: a token for reading: 200 ' ;;
    site) echo 'post /tokens: a cookie by another site: 201 ' ;;
    inquiries) echo 'Inquiries: post /inquiries/{case}/{branch}: sibling police: 422 ' ;;
    wall) echo 'sibling officer: the case: ' ;;
    reach) echo 'sibling officer : ' ;;
  esac
}

# Makes a folder hold the sources as they are. What is the same there stays, and is not built again.
copy_to() {
  local file
  while IFS= read -r -d '' file; do
    if [ -f "$file" ] && ! cmp --silent "$file" "$1/$file"; then
      mkdir -p "$1/$(dirname "$file")"
      cp "$file" "$1/$file"
    fi
  done < <(git ls-files -z --cached --others --exclude-standard)
  # A module or a migration that is gone.
  while IFS= read -r -d '' file; do
    [ -f "$file" ] || rm "$1/$file"
  done < <(cd "$1" && find . -path ./target -prune -o -type f -print0)
}

# Runs tests of the copy. It has built things of its own: what lacks a guard must never be taken for
# what has it.
test_copy() {
  local copy=$1
  shift
  (cd "$copy" && CARGO_TARGET_DIR=$PWD/target cargo test --quiet --locked -p parvaneh-tests --test it "$@")
}

guards() {
  need_compiler
  need_postgres
  local copy=target/guards name log cell tests chosen=("$@") unseen=()
  [ $# -gt 0 ] || chosen=("${GUARDS[@]}")
  for name in "${chosen[@]}"; do
    declare -F "guard_$name" >/dev/null || fail "there is no guard '$name'" "There are: ${GUARDS[*]}"
  done

  # Tests that fail anyway would tell nothing.
  say "with every guard"
  mkdir -p "$copy/target"
  copy_to "$copy"
  mapfile -t tests < <(for name in "${chosen[@]}"; do tests_of "$name"; done | sort -u)
  test_copy "$copy" -- "${tests[@]}" || fail "the tests fail with every guard in its place"

  for name in "${chosen[@]}"; do
    say "without '$name'"
    copy_to "$copy"
    (cd "$copy" && "guard_$name") || fail "the guard '$name' cannot be taken out" "Mend scripts/guards.sh."
    test_copy "$copy" --no-run || fail "without '$name' nothing can be built" "Mend scripts/guards.sh."
    log=$copy/target/$name.log
    cell=$(cell_of "$name")
    if test_copy "$copy" -- "$(tests_of "$name")" >"$log" 2>&1; then
      unseen+=("$name")
      echo "no test of $(tests_of "$name") fails"
    elif ! grep -qF "$cell" "$log"; then
      unseen+=("$name")
      echo "tests of $(tests_of "$name") fail, and do not name '$cell' (see $log)"
    else
      grep -E '^    [a-z_]+::[a-z_]+$|^[0-9]+ (of [0-9]+ )?cells:$' "$log" || true
      grep -F -m 1 "$cell" "$log" | cut -c1-160
    fi
  done
  copy_to "$copy"
  [ ${#unseen[@]} -eq 0 ] || fail "the tests do not see that these are missing: ${unseen[*]}"
  say "each of ${#chosen[@]} guards is missed by the tests"
}
