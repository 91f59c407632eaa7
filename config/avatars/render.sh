#!/bin/sh
# Draws banker.svg of each avatar into one PNG for each layer beside it. Needs rsvg-convert (Debian: librsvg2-bin).
set -eu
cd "$(dirname "$0")"
style=$(mktemp)
trap 'rm -f "$style"' EXIT
for drawing in */banker.svg; do
    for layer in $(sed -n 's/.*<g class="layer" id="\([^"]*\)".*/\1/p' "$drawing"); do
        echo ".layer { display: none } #$layer { display: inline }" >"$style"
        rsvg-convert --width 320 --height 320 --stylesheet "$style" --output "$(dirname "$drawing")/$layer.png" "$drawing"
    done
done
