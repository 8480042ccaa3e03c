#!/bin/sh
# Fills in what differs from one installation to the next, then becomes Asterisk.
#   CALLCTL_ENGINES   host:port,http://host:port of each engine, separated by spaces
#   PHONE_PASSWORD    of the phones 101 and 201; without it one is made and told
set -eu

secret=${HTTP_INTERNAL_SECRET:-$(cat /run/callctl/internal-secret 2>/dev/null || true)}
password=${PHONE_PASSWORD:-$(head -c 12 /dev/urandom | base64 | tr '+/' 'xy')}

grep -v -e '^CALLCTL_ENGINE_' -e '^CALLCTL_SECRET=' /usr/share/callctl/globals.conf >/etc/asterisk/callctl-globals.conf
number=0
for engine in ${CALLCTL_ENGINES:-127.0.0.1:9092,http://127.0.0.1:8080}; do
  number=$((number + 1))
  echo "CALLCTL_ENGINE_$number=$engine" >>/etc/asterisk/callctl-globals.conf
done
echo "CALLCTL_SECRET=$secret" >>/etc/asterisk/callctl-globals.conf
sed "s|@PASSWORD@|$password|" -i /etc/asterisk/pjsip.conf
chown -R asterisk: /etc/asterisk

[ -n "${PHONE_PASSWORD:-}" ] || echo "phone 101 calls the bot at 100, phone 201 is the operator's; both log in at 127.0.0.1:5060 with $password"
exec asterisk -f -n -U asterisk
