#!/bin/sh
# Installs what the tests need from the distribution, where that may be done; otherwise names what is missing.
set -eu

missing=
need() { # need PACKAGE COMMAND...: one of the commands is enough
    package=$1
    shift
    for tool in "$@"; do
        if PATH="$PATH:/usr/sbin:/sbin" command -v "$tool" > /dev/null; then return; fi
    done
    missing="$missing $package"
}
need redis-server redis-server
need chromium chromium
need firefox-esr firefox-esr
need nginx nginx
need coturn turnserver
need ffmpeg ffmpeg
need sox sox
need espeak-ng espeak-ng
need xvfb Xvfb
need prometheus promtool
need webkit2gtk-driver WebKitWebDriver
need nodejs node
need npm npm
/usr/bin/python3 2> /dev/null - << EOF || missing="$missing python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice \
gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
import gi
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ("webrtcbin", "nicesrc", "dtlsdec", "rtpopuspay", "opusenc")))
EOF
[ -n "$missing" ] || exit 0

if ! command -v apt-get > /dev/null; then
    echo "The tests need these programs, under the names of their Debian packages:$missing" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo > /dev/null && sudo -n true 2> /dev/null; then
    as_root="sudo -n"
else
    echo "The tests need$missing; install them with: sudo apt-get install$missing" >&2
    exit 1
fi
echo "Installing for the tests:$missing"
# RUNLEVEL=1: the packages' services are not started; the tests start their own, on ports of their own.
$as_root apt-get update -q
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends $missing
