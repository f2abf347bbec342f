# Shared by the scripts of this folder: one environment, made on demand. Source it, do not run it.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# uv makes the environment from the lock file; a machine that lacks it gets it in a folder of its own.
if command -v uv >/dev/null; then
  UV=uv
else
  [ -x .tools/bin/uv ] || { python3 -m venv .tools && .tools/bin/pip install --quiet uv; }
  UV="$PWD/.tools/bin/uv"
fi

# What pip added to the environment (a plugin under trial) stays; uv.lock decides the rest.
sync() {
  "$UV" sync --quiet --frozen --inexact "$@"
}

BIN=.venv/bin

# need PROGRAM PACKAGE…: installs Debian packages when PROGRAM is missing and we may; says what to do when we may not.
need() {
  local program=$1; shift
  command -v "$program" >/dev/null || [ -x "$program" ] && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    [ -n "${APT_UPDATED:-}" ] || { apt-get update -qq; APT_UPDATED=1; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    echo "Missing $program. Install it with: sudo apt-get install $*" >&2
    return 1
  fi
}
