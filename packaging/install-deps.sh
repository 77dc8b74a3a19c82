#!/bin/sh
# Installs what building (build), testing (build + test), linting and fuzzing (build + lint), benchmarks (bench) and the
# documentation's site (docs) need, on Debian and Ubuntu.
# Does nothing, quickly, if all of it is there. As an ordinary user it goes through sudo.
set -eu

build='g++ cmake ninja-build make pkg-config git ca-certificates
  libevent-dev libyaml-cpp-dev libspdlog-dev libfmt-dev libssl-dev libcap-ng-dev libseccomp-dev libc-ares-dev
  libidn2-dev libpam0g-dev libldap-dev libcurl4-openssl-dev nlohmann-json3-dev libsodium-dev libcrypt-dev libsqlite3-dev libpq-dev
  libexpected-dev libcli11-dev libgtest-dev libgmock-dev libbenchmark-dev'
test='curl fish openssl proxychains4 chromium squid dante-server microsocks dnsmasq nginx-light haproxy procps iproute2
  python3-pytest python3-pytest-xdist python3-psutil python3-yaml python3-websockets python3-socks python3-requests mandoc
  util-linux libnss-wrapper bind9-dnsutils slapd ldap-utils nodejs postgresql'
lint='clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev llvm-19 shellcheck python3'
bench='haproxy nginx-light libnginx-mod-stream squid dante-server microsocks tinyproxy wrk'
docs='mkdocs mkdocs-material python3-pymdownx'

# Node's own packages bring npm along and conflict with Debian's.
command -v npm >/dev/null || test="$test npm"

case "${1:-build}" in
  build) wanted="$build" ;;
  test) wanted="$build $test" ;;
  lint) wanted="$build $lint" ;;
  bench) wanted="$build $bench" ;;
  docs) wanted="$docs" ;;
  *) echo "usage: $0 build|test|lint|bench|docs" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps: only Debian and Ubuntu are known here. Install the likes of these by hand:" >&2
  echo "$wanted" >&2
  exit 1
fi

missing=
for package in $wanted; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
  echo "install-deps: not root and no sudo; ask an administrator to install:$missing" >&2
  exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -qq
# Servers among the test packages must not be started by their installation: the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  trap 'as_root rm -f "$policy"' EXIT
fi
# shellcheck disable=SC2086  # a list of words
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
