# Shared by the scripts of this folder; sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

# What Home Assistant version lives in which environment.
# The names are used by the scripts that source this file.
# shellcheck disable=SC2034
{
  newest_version=2026.11.0
  newest_env=$root/.venv
  oldest_version=2026.10.4
  oldest_env=$root/.venv-2026.10
  cache=$root/.cache
}

say() { printf '%s\n' "$*" >&2; }

die() {
  printf '\n%s: %s\n' "${0##*/}" "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# A hash of files and words, with whatever tool the machine has.
fingerprint() {
  if command -v sha256sum >/dev/null; then cat "$@" | sha256sum; else cat "$@" | shasum -a 256; fi |
    cut -c1-40
}
