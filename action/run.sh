#!/bin/sh
# Finds the executable and becomes it. In this order: the one that is named; the one that was built here (`uses: ./`);
# the tool cache; the release. What is not ours by its SHA-256 in checksums.txt, committed beside this script, is not run.
set -eu

fail() {
  printf '::error title=bundlegate::%s\n' "$1" >&2
  exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
pins="$here/checksums.txt"

sum() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1" | cut -d ' ' -f 1
  else
    shasum -a 256 <"$1" | cut -d ' ' -f 1
  fi
}

# pin NAME: its SHA-256 in checksums.txt, or nothing.
pin() {
  while read -r digest name; do
    if [ "$name" = "$1" ]; then
      printf '%s' "$digest"
      return 0
    fi
  done <"$pins"
}

# is_pinned FILE NAME
is_pinned() {
  expected=$(pin "$2")
  [ -n "$expected" ] && [ "$(sum "$1")" = "$expected" ]
}

target() {
  case "$(uname -s)" in
    Linux) system=unknown-linux-musl ;;
    Darwin) system=apple-darwin ;;
    MINGW* | MSYS* | CYGWIN*) system=pc-windows-msvc ;;
    *) fail "there is no release for $(uname -s); name an executable with the input binary" ;;
  esac
  # On Windows uname tells of the shell, which may be emulated.
  machine=$(uname -m)
  if [ "$system" = pc-windows-msvc ] && [ "${RUNNER_ARCH:-}" = ARM64 ]; then
    machine=aarch64
  fi
  case "$machine" in
    x86_64 | amd64) printf 'x86_64-%s' "$system" ;;
    aarch64 | arm64) printf 'aarch64-%s' "$system" ;;
    *) fail "there is no release for $machine; name an executable with the input binary" ;;
  esac
}

download() {
  case "$1" in
    https://* | http://127.0.0.1:* | http://localhost:*) ;;
    *) fail "downloads need https" ;;
  esac
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$2" "$1"
  else
    wget -q -O "$2" "$1"
  fi
}

# Prints the path of the executable.
find_executable() {
  if [ -n "${BUNDLEGATE_BIN:-}" ]; then
    # Absolute, because it is run from the folder of the input working-directory.
    case "$BUNDLEGATE_BIN" in
      /* | [A-Za-z]:*) named=$BUNDLEGATE_BIN ;;
      *) named=$(pwd)/$BUNDLEGATE_BIN ;;
    esac
    [ -f "$named" ] && [ -x "$named" ] || fail "the input binary names no executable: $named"
    printf '%s' "$named"
    return 0
  fi
  for built in "$here"/../target/release/bundlegate "$here"/../target/*/release/bundlegate; do
    if [ -x "$built" ]; then
      printf '%s' "$built"
      return 0
    fi
  done
  triple=$(target) || exit 1
  version=$(pin version)
  suffix=
  case "$triple" in *windows*) suffix=.exe ;; esac
  name="bundlegate-$triple$suffix"
  archive="bundlegate-$triple.tar.gz"
  if [ -z "$version" ] || [ -z "$(pin "$name")" ] || [ -z "$(pin "$archive")" ]; then
    fail "this commit of the action pins no release for $triple; use a released version, or the input binary"
  fi
  cache="${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:-/tmp}}/bundlegate/$version/$triple"
  if [ -f "$cache/$name" ] && is_pinned "$cache/$name" "$name"; then
    printf '%s' "$cache/$name"
    return 0
  fi
  base=${BUNDLEGATE_DOWNLOAD_URL:-https://github.com/${GITHUB_ACTION_REPOSITORY:-bundlegate/bundlegate}/releases/download}
  mkdir -p "$cache"
  # In the cache's own folder, so that the last step is a rename.
  work=$(mktemp -d "$cache/.download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  download "$base/v$version/$archive" "$work/$archive" || fail "$archive of version $version cannot be downloaded"
  is_pinned "$work/$archive" "$archive" || fail "$archive is not what this commit of the action pins; nothing was run"
  tar -xzf "$work/$archive" -C "$work" "$name" || fail "$archive cannot be unpacked"
  is_pinned "$work/$name" "$name" || fail "$name is not what this commit of the action pins; nothing was run"
  chmod 755 "$work/$name"
  mv -f "$work/$name" "$cache/$name"
  printf '%s' "$cache/$name"
}

executable=$(find_executable) || exit 1
command=${BUNDLEGATE_COMMAND:-run}
case "$command" in
  run | scan | report | verify | push | comment) ;;
  *) fail "the input command is one of run, scan, report, verify, push, comment" ;;
esac
set -- "$command"
if [ -n "${BUNDLEGATE_CONFIG:-}" ]; then
  set -- "$@" --config "$BUNDLEGATE_CONFIG"
fi
while IFS= read -r line; do
  if [ -n "$line" ]; then
    set -- "$@" "$line"
  fi
done <<ARGUMENTS
${BUNDLEGATE_ARGS:-}
ARGUMENTS
cd -- "${BUNDLEGATE_FOLDER:-.}" || fail "the input working-directory names no folder"
# A secret that is not there is an empty object, as on a fork.
if [ -n "${BUNDLEGATE_GUARDED_SECRETS:-}" ]; then
  BUNDLEGATE_GUARD_SECRETS=env:BUNDLEGATE_GUARDED_SECRETS
  export BUNDLEGATE_GUARD_SECRETS
fi
unset BUNDLEGATE_BIN BUNDLEGATE_COMMAND BUNDLEGATE_ARGS BUNDLEGATE_FOLDER BUNDLEGATE_CONFIG BUNDLEGATE_DOWNLOAD_URL
exec "$executable" "$@"
