#!/bin/sh
# What each of callctl's services in compose.yaml runs through: `run.sh prepare`, or `run.sh` and a callctl command.
# Whatever .env gives no key for is asked of the emulators, and the secret between dialplan and engine is made here.
set -eu

secret=/run/callctl/internal-secret
emulators=emulators

if [ "${1:-}" = prepare ] && [ ! -s "$secret" ]; then
  (umask 077 && python -c 'import secrets; print(secrets.token_urlsafe(32))' >"$secret.new") && mv "$secret.new" "$secret"
fi
[ -n "${HTTP_INTERNAL_SECRET:-}" ] || { HTTP_INTERNAL_SECRET=$(cat "$secret") && export HTTP_INTERNAL_SECRET; }

export EMBEDDINGS_PROVIDER="${EMBEDDINGS_PROVIDER:-google}" # the image has no model of its own
if [ -z "${GOOGLE_PROJECT:-}" ]; then
  export GOOGLE_PROJECT=emulated GOOGLE_PLAINTEXT=true \
    GOOGLE_SPEECH_ENDPOINT=$emulators:9101 GOOGLE_TTS_ENDPOINT=$emulators:9102 \
    EMBEDDINGS_GOOGLE_ENDPOINT=http://$emulators:9105
fi
[ -n "${ANTHROPIC_API_KEY:-}" ] || export ANTHROPIC_API_KEY=emulated ANTHROPIC_BASE_URL=http://$emulators:9103
[ -n "${STORE_BASE_URL:-}" ] || export STORE_API_KEY=emulated STORE_BASE_URL=http://$emulators:9104

[ "${1:-}" = prepare ] || exec callctl "$@"
callctl db migrate
callctl partitions ensure
callctl knowledge load --if-empty "$KNOWLEDGE_DIRECTORY" # what is edited in the console outlives a start
callctl embeddings reindex --rate 200 --yes || echo "no vectors for now: the knowledge base is searched by words" >&2
