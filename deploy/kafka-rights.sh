#!/bin/bash
# Run beside Kafka by compose.secure.yaml: make the logins of the services, and give each the least that it needs.
# What is there already stays as it is, with the passwords of now.
set -euo pipefail
server=127.0.0.1:9094

tool() { /opt/kafka/bin/kafka-run-class.sh "$@" --bootstrap-server "$server"; }

# The password goes through a file: an argument is seen by everybody on the machine. What the tool says may quote it.
login() {
  printf 'SCRAM-SHA-512=password=%s\n' "$(cat "/run/secrets/KAFKA_${1^^}")" > /tmp/login
  tool kafka.admin.ConfigCommand --alter --entity-type users --entity-name "$1" --add-config-file /tmp/login \
    > /dev/null 2>&1 || { echo "Kafka takes no login of $1" >&2; exit 1; }
  rm /tmp/login
}

allow() {  # arguments of Kafka's tool, which come after the user
  local user=$1
  shift
  tool org.apache.kafka.tools.AclCommand --add --allow-principal "User:$user" "$@" > /tmp/said 2>&1 \
    || { cat /tmp/said >&2; exit 1; }
}

# Who reads what in which group, and writes what: the chain. All look whether the topics are there, read the name of the
# log, and write dead letters; recommend writes activity where a trained model is promoted.
service() {  # user, the topic that it reads, those that it writes
  local user=$1 reads=$2 writes=() one
  for one in dead-letters "${@:3}"; do writes+=(--topic "$PREFIX.$one"); done
  login "$user"
  allow "$user" --operation Describe --topic "$PREFIX." --resource-pattern-type prefixed
  allow "$user" --consumer --topic "$PREFIX.log" --topic "$PREFIX.$reads" --group "$PREFIX.$user"
  allow "$user" --operation Write "${writes[@]}"
}

service ingest nudges activity
service recommend activity matches activity
service nudge matches nudges

# The command line, which makes the topics too. A deleted community's dead letters are deleted, and a log that was
# renewed.
login kindling
allow kindling --operation Create --operation Delete --operation Describe --operation Read --operation Write \
  --topic "$PREFIX." --resource-pattern-type prefixed
allow kindling --operation Describe --group "$PREFIX." --resource-pattern-type prefixed
echo "logins and rights are made"
