# shellcheck shell=bash
# Functions that install what Warren's scripts need: toolchain, npm dependencies, container engine, test tools.
#
# Sourced by scripts/setup, build, size, test and demo. Each function looks first and installs only what
# is missing, says in one line what it did, and leaves noise in a log whose tail is shown on failure.
# Nothing here changes the system unless it runs as root with apt, and it never stops what it did not start.
# Invariant: a second run installs nothing. Exit codes: 1 failed, 3 impossible on this machine.

WARREN_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS_DIR=$WARREN_ROOT/.tools
TOOLCHAIN_DIR=$WARREN_ROOT/scripts/toolchain
SETUP_LOG=$TOOLS_DIR/setup.log
DOCKERD_PIDFILE=$TOOLS_DIR/dockerd.pid
DOCKERD_LOG=$TOOLS_DIR/dockerd.log
SETUP_DID=0           # how many things this run installed or started
DOCKERD_STARTED=0     # 1 when this very run started dockerd, so that its caller may stop it again
APT_UPDATED=0
export DENO_NO_UPDATE_CHECK=1 DENO_NO_PROMPT=1
PATH=$TOOLS_DIR/bin:$PATH
export PATH

setup_say() { printf 'setup: %s\n' "$*" >&2; }
setup_did() { SETUP_DID=$((SETUP_DID + 1)); setup_say "$@"; }

# setup_run WHAT COMMAND...: runs quietly; on failure shows the end of the log and returns 1.
setup_run() {
  local what=$1
  shift
  mkdir -p "$TOOLS_DIR"
  printf '\n== %s: %s\n' "$what" "$*" >>"$SETUP_LOG"
  if "$@" >>"$SETUP_LOG" 2>&1 </dev/null; then return 0; fi
  setup_say "cannot $what; the end of $SETUP_LOG:"
  tail -n 15 "$SETUP_LOG" | sed 's/^/  | /' >&2
  return 1
}

setup_is_root() { [ "$(id -u)" = 0 ]; }

# setup_caches: npm's and Deno's caches in this folder for a user whose home cannot be written.
setup_caches() {
  [ -d "${HOME:-}" ] && [ -w "$HOME" ] && return 0
  export npm_config_cache="$TOOLS_DIR/cache/npm" DENO_DIR="$TOOLS_DIR/cache/deno"
}
setup_caches

# setup_lock: one set-up at a time in this checkout (where flock exists); held until the shell ends.
setup_lock() {
  mkdir -p "$TOOLS_DIR"
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>"$TOOLS_DIR/setup.lock"
  flock 9
}

setup_unlock() { exec 9>&-; }

# setup_project: what every script of this folder needs; the lock is free again afterwards.
setup_project() {
  setup_lock
  setup_toolchain && setup_packages
  local status=$?
  setup_unlock
  return "$status"
}

# ---------------------------------------------------------------- toolchain and npm dependencies

setup_node_platform() {
  case "$(uname -s)/$(uname -m)" in
    Linux/x86_64) echo "linux-x64-glibc linux-x64" ;;
    Linux/aarch64) echo "linux-arm64-glibc linux-aarch64" ;;
    Darwin/x86_64) echo "darwin-x64 darwin-x64" ;;
    Darwin/arm64) echo "darwin-arm64 darwin-arm64" ;;
    *) return 1 ;;
  esac
}

# setup_toolchain: Deno, buf and ts-proto as pinned in scripts/toolchain/package-lock.json, reachable in .tools/bin.
setup_toolchain() {
  local platform deno_pkg buf_pkg started=$SECONDS
  if cmp -s "$TOOLCHAIN_DIR/package-lock.json" "$TOOLS_DIR/toolchain.lock" &&
    [ -x "$TOOLS_DIR/bin/deno" ] && [ -x "$TOOLS_DIR/bin/buf" ]; then
    return 0
  fi
  platform=$(setup_node_platform) || {
    setup_say "no pinned Deno for $(uname -s)/$(uname -m); Warren builds on linux and darwin, amd64 and arm64"
    return 3
  }
  command -v npm >/dev/null 2>&1 || {
    setup_say "npm is missing; install Node.js 18 or newer with npm, then run this again"
    return 3
  }
  deno_pkg=${platform% *} buf_pkg=${platform#* }
  setup_run "install the toolchain" npm ci --prefix "$TOOLCHAIN_DIR" --ignore-scripts --no-audit --no-fund \
    --no-update-notifier || return 1
  mkdir -p "$TOOLS_DIR/bin"
  chmod +x "$TOOLCHAIN_DIR/node_modules/@deno/$deno_pkg/deno"
  ln -sf "$TOOLCHAIN_DIR/node_modules/@deno/$deno_pkg/deno" "$TOOLS_DIR/bin/deno"
  ln -sf "$TOOLCHAIN_DIR/node_modules/@bufbuild/buf-$buf_pkg/bin/buf" "$TOOLS_DIR/bin/buf"
  setup_run "start the installed Deno" "$TOOLS_DIR/bin/deno" --version || return 1
  cp "$TOOLCHAIN_DIR/package-lock.json" "$TOOLS_DIR/toolchain.lock"
  setup_did "installed Deno $(deno_version) and buf into the project ($((SECONDS - started)) s)"
}

deno_version() { "$TOOLS_DIR/bin/deno" --version | sed -n '1s/^deno \([^ ]*\).*/\1/p'; }

# setup_packages: npm dependencies exactly as deno.lock has them.
setup_packages() {
  local started=$SECONDS
  if cmp -s "$WARREN_ROOT/deno.lock" "$TOOLS_DIR/packages.lock" && [ -d "$WARREN_ROOT/node_modules" ]; then
    return 0
  fi
  (cd "$WARREN_ROOT" && setup_run "install the npm dependencies" "$TOOLS_DIR/bin/deno" install --frozen) || return 1
  cp "$WARREN_ROOT/deno.lock" "$TOOLS_DIR/packages.lock"
  setup_did "installed the npm dependencies from deno.lock ($((SECONDS - started)) s)"
}

# ---------------------------------------------------------------- Debian packages

setup_has_apt() { command -v apt-get >/dev/null 2>&1; }

# setup_apt_refresh: the package index, at most once a run; a failure is only fatal if the install then fails.
setup_apt_refresh() {
  [ "$APT_UPDATED" = 0 ] || return 0
  APT_UPDATED=1
  setup_run "refresh the package index" apt-get -q update || true
}

setup_apt() { DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=120 "$@"; }

# setup_apt_install PACKAGE...: installs, refreshing the index first only if the install fails without it.
setup_apt_install() {
  printf '\n== apt-get install %s\n' "$*" >>"$SETUP_LOG"
  if setup_apt install --no-install-recommends "$@" >>"$SETUP_LOG" 2>&1 </dev/null; then return 0; fi
  setup_apt_refresh
  setup_run "install $*" setup_apt install --no-install-recommends "$@"
}

# setup_apt_extract PACKAGE FILE: takes one program out of a package, so that its daemon is neither set up nor started.
setup_apt_extract() {
  local package=$1 file=$2 dir
  dir=$(mktemp -d "$TOOLS_DIR/extract.XXXXXX") || return 1
  chmod 755 "$dir"
  apt-cache show "$package" >/dev/null 2>&1 || setup_apt_refresh
  if (cd "$dir" && setup_run "download $package" apt-get -q -o APT::Sandbox::User=root download "$package") &&
    setup_run "unpack $package" dpkg-deb -x "$dir"/*.deb "$dir/root" &&
    { [ -f "$dir/root/$file" ] || file=usr/$file; } && [ -f "$dir/root/$file" ]; then
    mkdir -p "$TOOLS_DIR/bin"
    mv "$dir/root/$file" "$TOOLS_DIR/bin/"
    rm -rf "$dir"
    return 0
  fi
  rm -rf "$dir"
  return 1
}

# ---------------------------------------------------------------- container engine

DEFAULT_DOCKER_SOCKET=/var/run/docker.sock

# docker_socket: where the engine is asked, by us as by its own client and by Warren.
docker_socket() {
  case ${DOCKER_HOST:-} in
    unix://*) echo "${DOCKER_HOST#unix://}" ;;
    *) echo "$DEFAULT_DOCKER_SOCKET" ;;
  esac
}

# docker_answers: an engine answers on the socket (no client program needed).
docker_answers() {
  [ -S "$(docker_socket)" ] || return 1
  "$TOOLS_DIR/bin/deno" eval --no-config --no-lock "
    const c = await Deno.connect({ transport: 'unix', path: Deno.args[0] });
    setTimeout(() => Deno.exit(1), 3000);
    await c.write(new TextEncoder().encode('GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n'));
    const b = new Uint8Array(64);
    const n = await c.read(b) ?? 0;
    Deno.exit(new TextDecoder().decode(b.subarray(0, n)).includes(' 200 ') ? 0 : 1);
  " "$(docker_socket)" >/dev/null 2>&1
}

docker_wait() {
  local tries=$1 pid=${2:-}
  while [ "$tries" -gt 0 ]; do
    docker_answers && return 0
    if [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null; then return 1; fi
    sleep 0.2
    tries=$((tries - 1))
  done
  return 1
}

# docker_launch FLAGS...: one try at starting dockerd, in a session of its own so that Ctrl-C does not reach it.
docker_launch() {
  local pid
  rm -f "$DOCKERD_PIDFILE"
  [ "$(docker_socket)" = "$DEFAULT_DOCKER_SOCKET" ] || set -- -H "unix://$(docker_socket)" "$@"
  setsid dockerd --pidfile "$DOCKERD_PIDFILE" "$@" >>"$DOCKERD_LOG" 2>&1 </dev/null 9>&- &
  pid=$!
  docker_wait 150 "$pid" && return 0
  kill "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  return 1
}

# docker_mount_cgroups: for a machine whose init mounted none; fails where that is not what dockerd missed.
docker_mount_cgroups() {
  grep -q "cgroup isn't mounted" "$DOCKERD_LOG" && setup_has_apt || return 1
  command -v cgroupfs-mount >/dev/null 2>&1 || setup_apt_install cgroupfs-mount || return 1
  setup_run "mount the cgroup file systems" cgroupfs-mount
}

# docker_start: systemd's unit where systemd runs, else dockerd itself: plain first, then with what a restricted
# container allows (no iptables: published ports then go through the userland proxy).
docker_start() {
  local started=$SECONDS
  if [ -d /run/systemd/system ] && [ "$(docker_socket)" = "$DEFAULT_DOCKER_SOCKET" ] &&
    command -v systemctl >/dev/null 2>&1; then
    setup_run "start docker.service" systemctl start docker && docker_wait 100 && {
      setup_did "started docker.service"
      return 0
    }
  fi
  mkdir -p "$TOOLS_DIR"
  : >"$DOCKERD_LOG"
  if docker_launch || { docker_mount_cgroups && docker_launch; } || docker_launch --iptables=false --ip6tables=false; then
    DOCKERD_STARTED=1
    setup_did "started dockerd, log in .tools/dockerd.log ($((SECONDS - started)) s)"
    return 0
  fi
  setup_say "dockerd does not start on this machine; the end of .tools/dockerd.log:"
  grep -v level=info "$DOCKERD_LOG" | tail -n 6 | sed 's/^/  | /' >&2
  return 3
}

# setup_docker: an answering engine and its command line. Returns 3 with a clear line where there cannot be one.
setup_docker() { setup_engine && setup_docker_client; }

# setup_docker_client: since Debian 13 a package of its own.
setup_docker_client() {
  command -v docker >/dev/null 2>&1 && return 0
  if setup_is_root && setup_has_apt && setup_apt_install docker-cli; then
    hash -r
    setup_did "installed the engine's command line from Debian packages"
    return 0
  fi
  setup_say "an engine answers, but its command line \"docker\" is missing"
  return 3
}

setup_engine() {
  local started=$SECONDS
  docker_answers && return 0
  if [ "$(uname -s)" != Linux ]; then
    setup_say "no container engine answers on $(docker_socket); start Docker Desktop or use the process runtime"
    return 3
  fi
  if ! setup_is_root; then
    setup_say "no container engine answers on $(docker_socket), and only root can install or start one; the process runtime needs none"
    return 3
  fi
  if ! command -v dockerd >/dev/null 2>&1; then
    setup_has_apt || {
      setup_say "dockerd is missing and this machine has no apt-get; install Docker Engine by hand"
      return 3
    }
    setup_apt_install docker.io ca-certificates || return 3
    hash -r
    setup_did "installed Docker Engine from Debian packages ($((SECONDS - started)) s)"
  fi
  docker_answers && return 0
  docker_start
}

# docker_stop: stops the dockerd that set-up started, and only that one; containers in it end with it.
docker_stop() {
  local pid tries=100
  [ -f "$DOCKERD_PIDFILE" ] || return 0
  pid=$(cat "$DOCKERD_PIDFILE")
  if [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -c -F -- "$DOCKERD_PIDFILE")" = 0 ]; then
    rm -f "$DOCKERD_PIDFILE"
    return 0
  fi
  kill "$pid" 2>/dev/null
  while kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ]; do
    sleep 0.1
    tries=$((tries - 1))
  done
  kill -0 "$pid" 2>/dev/null && {
    setup_say "dockerd (pid $pid) does not stop"
    return 1
  }
  rm -f "$DOCKERD_PIDFILE"
  setup_say "stopped the dockerd that set-up had started"
}

# setup_busybox: a static busybox for images made on the spot; its path is in BUSYBOX. Returns 3 where there is none.
setup_busybox() {
  local started=$SECONDS file
  for file in "${BUSYBOX:-}" "$(command -v busybox)" "$TOOLS_DIR/bin/busybox"; do
    busybox_fits "$file" && export BUSYBOX="$file" && return 0
  done
  command -v dpkg-deb >/dev/null 2>&1 || return 3
  setup_apt_extract busybox-static bin/busybox || return 3
  export BUSYBOX="$TOOLS_DIR/bin/busybox"
  busybox_fits "$BUSYBOX" || return 3
  setup_did "took a static busybox from Debian's package into the project ($((SECONDS - started)) s)"
}

busybox_fits() { [ -x "$1" ] && ! ldd "$1" >/dev/null 2>&1 && "$1" --list | grep -qx httpd; }

# ---------------------------------------------------------------- tools that only tests use

setup_missing_test_packages() {
  command -v go >/dev/null 2>&1 || echo golang-go
  command -v zsh >/dev/null 2>&1 || echo zsh
  command -v fish >/dev/null 2>&1 || echo fish
  command -v tmux >/dev/null 2>&1 || echo tmux
  command -v strace >/dev/null 2>&1 || echo strace
  command -v busybox >/dev/null 2>&1 || echo busybox-static
  command -v unshare >/dev/null 2>&1 || echo util-linux
  command -v iptables >/dev/null 2>&1 || echo iptables
  command -v mkfs.ext4 >/dev/null 2>&1 || echo e2fsprogs
  ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || echo libfaketime
  [ -f /usr/share/bash-completion/bash_completion ] || echo bash-completion
  [ "$(uname -m)" = x86_64 ] || return 0
  command -v qemu-aarch64-static >/dev/null 2>&1 || echo qemu-user-static
  [ -e /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1 ] || echo libc6-arm64-cross
  [ -e /usr/aarch64-linux-gnu/lib/libgcc_s.so.1 ] || echo libgcc-s1-arm64-cross
}

# setup_test_tools: shells, promtool, pprof, emulator, a registry, etcd to measure beside, what scripts/chaos does
# harm with; returns 3 where they cannot be installed.
setup_test_tools() {
  local missing promtool=0 registry=0 etcd=0 started=$SECONDS
  missing=$(setup_missing_test_packages)
  command -v promtool >/dev/null 2>&1 || promtool=1
  command -v docker-registry >/dev/null 2>&1 || registry=1
  command -v etcd >/dev/null 2>&1 || etcd=1
  [ -n "$missing" ] || [ "$promtool$registry$etcd" != 000 ] || return 0
  if ! setup_is_root || ! setup_has_apt; then
    setup_say "missing for the tests, and only root with apt-get can install them:" $missing \
      "$([ "$promtool" = 0 ] || echo prometheus)" "$([ "$registry" = 0 ] || echo docker-registry)" \
      "$([ "$etcd" = 0 ] || echo etcd-server)"
    return 3
  fi
  if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # one word per package
    setup_apt_install $missing || return 3
  fi
  [ "$promtool" = 0 ] || setup_apt_extract prometheus usr/bin/promtool || return 3
  [ "$registry" = 0 ] || setup_apt_extract docker-registry usr/bin/docker-registry || return 3
  [ "$etcd" = 0 ] || setup_apt_extract etcd-server usr/bin/etcd || return 3
  hash -r
  setup_did "installed test tools:" $missing "$([ "$promtool" = 0 ] || echo promtool)" \
    "$([ "$registry" = 0 ] || echo docker-registry)" "$([ "$etcd" = 0 ] || echo etcd)" "($((SECONDS - started)) s)"
}
