#!/bin/sh
# Make the secrets of docker-compose.yml in ./secrets, those that are not there yet.
# The folder is closed to others; its files can be read by the containers' user, whoever that is on this machine.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
[ -s secrets/postgres_password ] || secret > secrets/postgres_password
[ -s secrets/ray_token ] || secret > secrets/ray_token
printf 'postgresql://nas:%s@postgres/nas' "$(cat secrets/postgres_password)" > secrets/database_url.new
chmod 444 secrets/postgres_password secrets/ray_token secrets/database_url.new
cp -p secrets/database_url.new secrets/nas_latency_db.new
mv -f secrets/database_url.new secrets/database_url
mv -f secrets/nas_latency_db.new secrets/nas_latency_db
echo "secrets are in $PWD/secrets"
