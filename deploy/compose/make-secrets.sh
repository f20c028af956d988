#!/bin/sh
# Makes what is missing in secrets/, and touches nothing that is there. The folder is closed to others; the files in it
# must be readable, as the programs in the containers run under accounts of their own.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

word() { od -An -N 32 -t x1 /dev/urandom | tr -d ' \n'; }
keep() { [ -e "secrets/$1" ] || cat >"secrets/$1"; }

word | keep postgres-password
word | keep redis-password
word | keep metrics-token
printf '%s%s' "$(word)" "$(word)" | keep secret-key
printf 'postgres://portal:%s@postgres:5432/portal' "$(cat secrets/postgres-password)" | keep database-url
printf 'redis://:%s@redis:6379/0' "$(cat secrets/redis-password)" | keep redis-url
printf 'requirepass %s\nappendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\ndir /data\n' \
    "$(cat secrets/redis-password)" | keep redis-conf
printf '' | keep smtp-password
printf '' | keep registry-htpasswd
chmod 0644 secrets/*
