#!/bin/sh
# Alertmanager with the two addresses of compose.yaml in its configuration, whatever characters they hold: what means
# something to sed is escaped, and a quote is doubled, as YAML wants it between quotes.
set -eu

folder=${1:-/tmp}
escaped() { printf %s "$1" | sed -e 's/[\\&|]/\\&/g' -e "s/'/''/g"; }

sed -e "s|\${ALERT_PAGE_URL}|$(escaped "$ALERT_PAGE_URL")|" -e "s|\${ALERT_TICKET_URL}|$(escaped "$ALERT_TICKET_URL")|" \
  "${2:-/etc/callctl/alertmanager.yml}" >"$folder/alertmanager.yml"
exec alertmanager --config.file="$folder/alertmanager.yml" --storage.path=/alertmanager
