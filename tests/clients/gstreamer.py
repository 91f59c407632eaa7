"""GStreamer's webrtcbin, with libnice for ICE and an RSA certificate. Candidates are trickled. For Debian's Python."""

import base64
import json
import sys
import threading
import time
from collections import deque

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstApp, GstSdp, GstWebRTC  # noqa: E402, F401

RAW = "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved"
MICROPHONE = (
    f"webrtcbin name=rtc bundle-policy=max-bundle "
    f"appsrc name=microphone is-live=true format=time do-timestamp=true caps={RAW} ! audioconvert ! opusenc "
    "! rtpopuspay pt=111 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! rtc."
)
LOUDSPEAKER = f"rtpopusdepay ! opusdec ! audioconvert ! audioresample ! {RAW} ! appsink name=sink sync=false"
FRAME_BYTES, FRAME_S = 1920, 0.02


def tell(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Client:
    def __init__(self):
        self.queue = deque()
        self.pipeline = Gst.parse_launch(MICROPHONE)
        self.rtc = self.pipeline.get_by_name("rtc")
        self.ice = self.rtc.get_property("ice-agent")  # kept: 1.22 frees it with the first reference that is given up
        self.ice.get_property("agent").set_property("upnp", False)  # which looks for routers outside this machine
        self.rtc.connect("on-negotiation-needed", self.on_negotiation_needed)
        self.rtc.connect("on-ice-candidate", self.on_candidate)
        self.rtc.connect("pad-added", self.on_pad)
        self.rtc.connect("notify::connection-state", self.on_state)
        self.pipeline.set_state(Gst.State.READY)
        self.channel = self.rtc.emit("create-data-channel", "events", None)
        self.channel.connect("on-open", lambda _: tell(open=True))
        self.channel.connect("on-message-string", lambda _, text: tell(message=text))
        self.pipeline.set_state(Gst.State.PLAYING)
        threading.Thread(target=self.talk, daemon=True).start()
        threading.Thread(target=self.listen, daemon=True).start()

    def on_negotiation_needed(self, _):
        self.rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer))

    def on_offer(self, promise):
        promise.wait()
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.rtc.emit("set-local-description", offer, Gst.Promise.new())
        tell(offer=offer.sdp.as_text())

    def on_candidate(self, _, index, candidate):
        tell(candidate={"candidate": candidate, "sdpMid": None, "sdpMLineIndex": index})

    def on_state(self, *_):
        tell(state=self.rtc.get_property("connection-state").value_nick)

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        loudspeaker = Gst.parse_bin_from_description(LOUDSPEAKER, True)
        sink = loudspeaker.get_by_name("sink")
        sink.set_property("emit-signals", True)
        sink.connect("new-sample", self.on_sample)
        self.pipeline.add(loudspeaker)
        loudspeaker.sync_state_with_parent()
        pad.link(loudspeaker.get_static_pad("sink"))

    def on_sample(self, sink):
        buffer = sink.emit("pull-sample").get_buffer()
        tell(sound=base64.b64encode(buffer.extract_dup(0, buffer.get_size())).decode(), rate=48000)
        return Gst.FlowReturn.OK

    def talk(self):
        microphone, origin, sent = self.pipeline.get_by_name("microphone"), time.monotonic(), 0
        while True:
            time.sleep(max(0.0, origin + sent * FRAME_S - time.monotonic()))
            frame = self.queue.popleft() if self.queue else bytes(FRAME_BYTES)
            microphone.emit("push-buffer", Gst.Buffer.new_wrapped(frame))
            sent += 1

    def listen(self):
        for line in sys.stdin:
            for name, value in json.loads(line).items():
                GLib.idle_add(getattr(self, name), value)
        GLib.idle_add(loop.quit)

    def accept(self, sdp):
        _, message = GstSdp.SDPMessage.new_from_text(sdp)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.rtc.emit("set-remote-description", answer, Gst.Promise.new())

    def send(self, text):
        self.channel.emit("send-string", text)

    def say(self, sound):
        pcm = base64.b64decode(sound["pcm"])
        self.queue.extend(pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES))

    def close(self, _):
        self.pipeline.set_state(Gst.State.NULL)
        tell(state="closed")


Gst.init(None)
loop = GLib.MainLoop()
client = Client()
loop.run()
