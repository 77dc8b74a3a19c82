#!/bin/sh
# Writes docs/configuration/reference.md and schema.json anew, from the definitions in the program itself.
#   packaging/generate-docs.sh [PROXYCTL]        by default build/stage/bin/proxyctl
set -eu
cd "$(dirname "$0")/.."
proxyctl=${1:-build/stage/bin/proxyctl}
folder=docs/configuration
mkdir -p "$folder"
"$proxyctl" config reference > "$folder/reference.md.new"
"$proxyctl" config schema > "$folder/schema.json.new"
mv "$folder/reference.md.new" "$folder/reference.md"
mv "$folder/schema.json.new" "$folder/schema.json"
