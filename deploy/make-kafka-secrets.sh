#!/bin/sh
# Make what compose.secure.yaml needs and is missing, in the folder that is named (deploy/secrets): a password for each
# login at Kafka, and an authority of its own with a certificate for `kafka`, which is made anew in its last month.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
"$(dirname "$0")/make-secrets.sh" "$folder"
cd "$folder"

# Readable for all, since containers run as users that this machine does not know; the folder is not.
for login in INGEST RECOMMEND NUDGE KINDLING; do
  test -s "KAFKA_$login" && continue
  head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' > "KAFKA_$login"
  chmod 444 "KAFKA_$login"
  echo "made $folder/KAFKA_$login"
done

if ! test -s kafka-ca.pem; then
  openssl req -x509 -newkey rsa:3072 -sha256 -nodes -days 3650 -subj "/CN=Kindling's Kafka" \
    -keyout kafka-ca.key -out kafka-ca.pem 2>/dev/null
  chmod 444 kafka-ca.pem
  rm -f kafka.pem
  echo "made $folder/kafka-ca.pem, and kafka-ca.key, which no container needs: keep it elsewhere"
fi

if ! openssl x509 -checkend 2592000 -noout -in kafka.pem >/dev/null 2>&1; then
  openssl req -newkey rsa:3072 -sha256 -nodes -subj /CN=kafka -keyout kafka.key -out kafka.csr 2>/dev/null
  printf 'subjectAltName=DNS:kafka\nextendedKeyUsage=serverAuth\n' > kafka.ext
  openssl x509 -req -sha256 -days 397 -in kafka.csr -extfile kafka.ext -CA kafka-ca.pem -CAkey kafka-ca.key \
    -CAcreateserial -out kafka.crt 2>/dev/null
  cat kafka.key kafka.crt > kafka.pem.new
  chmod 444 kafka.pem.new
  mv -f kafka.pem.new kafka.pem
  rm -f kafka.key kafka.csr kafka.ext kafka.crt kafka-ca.srl
  echo "made $folder/kafka.pem: restart Kafka where it has an older one"
fi
