#!/bin/sh
# Draws banker.svg into one PNG for each layer, beside this script. Needs rsvg-convert (Debian: librsvg2-bin).
set -eu
cd "$(dirname "$0")"
style=$(mktemp)
trap 'rm -f "$style"' EXIT
for layer in $(sed -n 's/.*<g class="layer" id="\([^"]*\)".*/\1/p' banker.svg); do
    echo ".layer { display: none } #$layer { display: inline }" >"$style"
    rsvg-convert --width 320 --height 320 --stylesheet "$style" --output "$layer.png" banker.svg
done
