#!/bin/sh
# Installs the system programs that some tests drive. Safe to interrupt and to run again; never stops the test run:
# a test whose program is missing says so itself.
set -u

missing=""
for pair in chromium:chromium skopeo:skopeo umoci:umoci bwrap:bubblewrap docker-registry:docker-registry \
    redis-server:redis-server; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Some tests need programs that are not installed:$missing" >&2
    echo "On Debian or Ubuntu: sudo apt-get install$missing" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
export RUNLEVEL=1 # servers are started by the tests that need them, not by their packages
dpkg --configure -a >/dev/null 2>&1 # an earlier run may have been killed half-way
apt-get update -qq || echo "The package lists could not be renewed; the known ones are used." >&2
# One by one, as a package that this release lacks must not keep the others away.
for package in $missing; do
    apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
        echo "$package could not be installed; the tests that need it will fail." >&2
done
exit 0
