#!/bin/sh
# Warren for @TARGET@: this script, then two gzipped archives, the runtime and the program.
# The first start unpacks both into a cache directory named by their contents; each later start finds them
# with shell builtins alone and becomes the program. Details: docs/binary-size.md.
r=runtime-@RUNTIME_HASH@ p=program-@PROGRAM_HASH@ cache='' why=''
case $0 in
  /*) self=$0 ;;
  */*) self=$PWD/$0 ;;
  *) if [ -f "$PWD/$0" ]; then self=$PWD/$0; else self=$(command -v -- "$0"); fi ;;
esac

# look DIR: uses DIR if it is complete. own DIR: the same, if nobody else could have put something there.
look() { [ -s "$1/$r/deno" ] && [ -s "$1/$p/main.js" ] && cache=$1; }
own() { [ -O "$1" ] && look "$1"; }

find_cache() {
  if [ -n "${WARREN_CACHE_DIR-}" ]; then
    case $WARREN_CACHE_DIR in /*) ;; *) WARREN_CACHE_DIR=$PWD/$WARREN_CACHE_DIR ;; esac
    look "$WARREN_CACHE_DIR"
    return
  fi
  look /var/cache/warren && return
  if [ -n "${XDG_CACHE_HOME-}" ]; then own "$XDG_CACHE_HOME/warren" && return
  elif [ -n "${HOME-}" ]; then own "$HOME/.cache/warren" && return; fi
  for d in /var/tmp/warren-cache-* /dev/shm/warren-cache-* /tmp/warren-cache-* \
    "${self%/*}/.warren-cache" "$PWD/.warren-cache"; do
    own "$d" && return
  done
}

fail() {
  printf 'Error: %s\n' "$1" >&2
  [ -z "${2-}" ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

# refuse DIR REASON: remembers why DIR will not do, and cleans up what was begun there.
refuse() {
  [ -z "$t" ] || rm -rf "$t"
  t=''
  why="$why
  $1: $2"
  return 1
}

check_host() {
  for tool in tail head gzip tar mktemp mv rm; do
    command -v "$tool" >/dev/null 2>&1 ||
      fail "Cannot unpack Warren: the program \"$tool\" is missing" "install it and start again"
  done
  if [ -z "${WARREN_RUN_WITH-}" ]; then
    case "$(uname -s) $(uname -m)" in
      @UNAME@) ;;
      *) fail "This file is Warren for @TARGET@, and this machine is $(uname -s) $(uname -m)" \
        "download the file that is named after this machine" ;;
    esac
  fi
  size=$(wc -c <"$self") || fail "Cannot read $self to unpack it" "make the file readable for this user"
  [ "$size" -eq @TOTAL_BYTES@ ] ||
    fail "Cannot unpack $self: it has $((size)) bytes instead of @TOTAL_BYTES@, so it is incomplete or changed" \
      "download it again and compare its SHA-256 with SHA256SUMS"
}

# unpack DIR NAME FIRST_BYTE BYTES: one archive into $t/NAME. A gzip that only lost its reader found no damage.
unpack() {
  mkdir "$t/$2" || return 1
  err=$({ tail -c +"$3" "$self" | head -c "$4" | { gzip -dc || [ $? -gt 128 ] || echo damaged >&2; } |
    tar -x -m -o -f - -C "$t/$2"; } 2>&1) || err="$err failed"
  case $err in
    *[Ss]pace* | *'Wrote only'*) refuse "$1" "no space left (Warren needs 110 MB)" ;;
    *damaged*) rm -rf "$t"; fail "Cannot unpack $self: its contents are damaged" \
      "download it again and compare its SHA-256 with SHA256SUMS" ;;
    *failed*) refuse "$1" "unpacking failed: $err" ;;
  esac
}

# place DIR NAME MAIN_FILE: renames a finished directory into place. If another first start was quicker, mv
# puts ours inside the finished one, from where it is removed again.
place() {
  [ -s "$1/$2/$3" ] || rm -rf "${1:?}/$2"
  [ -e "$1/$2" ] || mv "$t/$2" "$1/$2" 2>/dev/null
  rm -rf "${1:?}/$2/$2"
  [ -s "$1/$2/$3" ]
}

install_into() {
  t=''
  mkdir -p "$1" 2>/dev/null || { refuse "$1" "cannot be created"; return; }
  [ -O "$1" ] || [ "$1" = "${WARREN_CACHE_DIR-}" ] || { refuse "$1" "belongs to another user"; return; }
  t=$(mktemp -d "$1/.unpack.XXXXXX" 2>/dev/null) || { t=''; refuse "$1" "not writable"; return; }
  chmod 755 "$t"
  { printf '#!/bin/sh\nexit 0\n' >"$t/probe"; } 2>/dev/null || { refuse "$1" "no space left"; return; }
  chmod 755 "$t/probe"
  "$t/probe" 2>/dev/null || { refuse "$1" "programs may not be executed there (noexec)"; return; }
  if [ ! -s "$1/$r/deno" ]; then
    unpack "$1" "$r" @RUNTIME_AT@ @RUNTIME_BYTES@ || return
    # shellcheck disable=SC2086 # a command with its arguments
    ${WARREN_RUN_WITH-} "$t/$r/deno" --version >/dev/null 2>"$t/err" ||
      { err=$(head -n 1 "$t/err"); rm -rf "$t"
        fail "The runtime does not start on this machine: ${err:-no reason given}" \
          "Warren needs @NEEDS@; see docs/binary-size.md"; }
    # A power cut must not leave an empty file behind a finished name.
    sync "$t/$r/deno" 2>/dev/null
    place "$1" "$r" deno || { refuse "$1" "cannot rename"; return; }
  fi
  unpack "$1" "$p" @PROGRAM_AT@ @PROGRAM_BYTES@ || return
  place "$1" "$p" main.js || { refuse "$1" "cannot rename"; return; }
  rm -rf "$t"
  t=''
  cache=$1
}

# prune: removes other versions that are older than a week and that no process runs from.
prune() {
  for d in "$cache"/runtime-* "$cache"/program-* "$cache"/.unpack.*; do
    [ -d "$d" ] && [ "$d" != "$cache/$r" ] && [ "$d" != "$cache/$p" ] || continue
    [ -n "$(find "$d" -prune -mtime +7 2>/dev/null)" ] || continue
    if [ -d /proc/self ]; then
      ! grep -q -F -- "$d/" /proc/[0-9]*/cmdline 2>/dev/null || continue
    else
      ! ps -axww -o command= 2>/dev/null | grep -F -- "$d/" | grep -q -v grep || continue
    fi
    rm -rf "$d"
  done
}

first_start() {
  PATH=${PATH:-/usr/bin:/bin}:/usr/bin:/bin
  check_host
  trap '[ -z "${t-}" ] || rm -rf "$t"; exit 130' HUP INT TERM
  [ ! -t 2 ] || printf 'Unpacking Warren for its first start...\n' >&2
  uid=$(id -u)
  mask=$(umask)
  umask 022
  if [ -n "${WARREN_CACHE_DIR-}" ]; then
    install_into "$WARREN_CACHE_DIR"
  else
    [ "$uid" != 0 ] || install_into /var/cache/warren
    if [ -z "$cache" ] && [ -n "${XDG_CACHE_HOME:-${HOME-}}" ]; then
      install_into "${XDG_CACHE_HOME:-$HOME/.cache}/warren"
    fi
    for d in /var/tmp /dev/shm /tmp; do
      [ -n "$cache" ] || [ ! -d "$d" ] || install_into "$d/warren-cache-$uid"
    done
    for d in "${self%/*}" "$PWD"; do
      [ -n "$cache" ] || install_into "$d/.warren-cache"
    done
  fi
  umask "$mask"
  trap - HUP INT TERM
  [ -n "$cache" ] || fail "Cannot unpack Warren, no directory will do:$why" \
    "set WARREN_CACHE_DIR to a writable directory on a file system that allows programs, with 110 MB free"
  prune
}

find_cache
[ -n "$cache" ] || first_start
export WARREN_EXECUTABLE="$self" WARREN_ARGV0="${0##*/}" DENO_DIR="$cache/$p/deno_dir" DENO_NO_UPDATE_CHECK=1
# shellcheck disable=SC2086 # a command with its arguments
exec ${WARREN_RUN_WITH-} "$cache/$r/deno" run -A @DENO_FLAGS@ "$cache/$p/main.js" "$@"
exit 126
