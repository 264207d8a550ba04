#!/bin/sh
# Make the files that docker-compose.yml needs, in ./secrets, unless they are there. Only you may enter the folder; the
# containers' users read the files that are mounted into them.
set -eu
umask 022
mkdir -p secrets/kubeconfigs
chmod 0711 secrets/kubeconfigs
chmod 0700 secrets

word() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"; }

keep secret_key "$(word)"
keep credential_keys "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"  # 32 bytes, URL-safe base64
keep postgres_password "$(word)"
keep redis_password "$(word)"
keep database_url "postgres://bgpui:$(cat secrets/postgres_password)@postgres:5432/bgpui"
keep redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
echo "secrets/ is ready; put kubeconfigs into secrets/kubeconfigs"
