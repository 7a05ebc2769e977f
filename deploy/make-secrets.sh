#!/bin/sh
# Make the secrets that are missing, 43 random characters each, in the folder that is named (deploy/secrets).
# The files are readable for all, since containers run as a user that this machine does not know; the folder is not.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
for name in KINDLING_SERVICE_KEY KINDLING_NUDGE__LINK_SECRET KINDLING_STORE_PASSWORD GRAFANA_PASSWORD; do
  test -s "$folder/$name" && continue
  head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' > "$folder/$name"
  chmod 444 "$folder/$name"
  echo "made $folder/$name"
done
