#!/bin/sh
# Makes the image warren-hello:1 from a static busybox of this machine: no registry, no download.
#
# Usage: build-image.sh [IMAGE]     BUSYBOX names another static busybox, DOCKER another engine command
# A second run finds the image up to date and does nothing. Exit codes: 0 done, 1 failed.
set -eu

image=${1:-warren-hello:1}
docker=${DOCKER:-docker}
here=$(cd "$(dirname "$0")" && pwd)

fail() {
  echo "build-image: $*" >&2
  exit 1
}

# scripts/setup --with-docker takes one into the project where the machine has none.
ours=$here/../../.tools/bin/busybox
busybox=${BUSYBOX:-$(command -v busybox || { [ ! -x "$ours" ] || echo "$ours"; })}
[ -n "$busybox" ] || fail "no busybox: install the package busybox-static, or set BUSYBOX"
if ldd "$busybox" >/dev/null 2>&1; then
  fail "$busybox is not static: install the package busybox-static, or set BUSYBOX"
fi
"$busybox" --list | grep -qx httpd || fail "$busybox has no httpd: install the package busybox-static"

content=$(cat "$busybox" "$here/hello.sh" "$here/index.cgi" "$here/build-image.sh" | cksum | tr ' ' -)
found=$("$docker" image inspect --format '{{index .Config.Labels "warren.hello"}}' "$image" 2>/dev/null || true)
if [ "$found" = "$content" ]; then
  echo "build-image: $image is up to date"
  exit 0
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/data" "$root/www/cgi-bin"
cp "$busybox" "$root/bin/busybox"
for program in sh cat chmod echo env head hostname httpd id kill ls printf ps sleep tail wc wget; do
  ln -s busybox "$root/bin/$program"
done
cp "$here/hello.sh" "$root/bin/hello"
cp "$here/index.cgi" "$root/www/cgi-bin/index.cgi"
echo ok >"$root/www/health"
echo 'root:x:0:0:root:/:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh' >"$root/etc/passwd"
chmod 755 "$root" "$root/bin/busybox" "$root/bin/hello" "$root/www/cgi-bin/index.cgi"
# Tasks run as another user than root, and a new volume takes over the mode of what it covers.
chmod 1777 "$root/tmp" "$root/data"

tar -C "$root" -cf - . | "$docker" import \
  --change 'ENTRYPOINT ["/bin/hello"]' \
  --change 'ENV PATH=/bin' \
  --change 'EXPOSE 8080' \
  --change "LABEL warren.hello=$content" \
  - "$image" >/dev/null
echo "build-image: made $image"
