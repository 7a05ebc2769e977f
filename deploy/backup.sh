#!/bin/sh
# Back up all state of a deployment into one file, or restore it: backup.sh save|restore FILE.tar.gz [PROJECT]
#
# Redis and Kafka are saved together, with everything stopped, so that they say the same: members' pages and the front
# door are away meanwhile, platforms send again. Restoring takes the place of what is there, and so asks for an empty
# deployment: `docker compose down --volumes` first. The secrets are not in it: keep deploy/secrets apart.
set -eu
# It holds all texts and names.
umask 077
action=${1:-} file=${2:-} project=${3:-kindling}
case "$action:$file" in
  save:?*|restore:?*) ;;
  *) echo "usage: $0 save|restore FILE.tar.gz [PROJECT]" >&2; exit 2 ;;
esac
compose() { docker compose --project-name "$project" --file "$(dirname "$0")/compose.yaml" "$@"; }
volumes="--volume ${project}_redis:/state/redis --volume ${project}_kafka:/state/kafka"
# shellcheck disable=SC2086 # the volumes are several arguments
in_container() { docker run --rm --interactive --user 0:0 --network none $volumes --entrypoint sh redis:7-bookworm -c "$1"; }

if test "$action" = save; then
  running=$(compose ps --services --status running)
  compose stop
  trap 'test -z "$running" || compose start $running' EXIT
  in_container 'tar --numeric-owner -C /state -czf - redis kafka' > "$file.partial"
  tar -tzf "$file.partial" >/dev/null
  mv "$file.partial" "$file"
  echo "saved to $file"
else
  tar -tzf "$file" >/dev/null
  compose create redis kafka
  # shellcheck disable=SC2016 # the container's shell expands it
  in_container 'test -z "$(ls -A /state/redis /state/kafka | grep -v : )"' || {
    echo "$project has data already: docker compose down --volumes first, or name another project" >&2; exit 1; }
  in_container 'tar --numeric-owner -C /state -xzf -' < "$file"
  echo "restored from $file: start it with docker compose up --detach --wait"
fi
