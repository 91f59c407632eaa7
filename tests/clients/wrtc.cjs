// libwebrtc, as Chromium has it, without a browser: the npm package @roamhq/wrtc. Candidates are trickled.
const { RTCPeerConnection, RTCSessionDescription, nonstandard } = require("@roamhq/wrtc");
const { listen, pace, tell } = require("./lines.cjs");

const FRAME = 480; // samples of 10 ms, which RTCAudioSource takes
const connection = new RTCPeerConnection();
const source = new nonstandard.RTCAudioSource();
const queue = [];

connection.addTrack(source.createTrack());
const channel = connection.createDataChannel("events", { ordered: true });
channel.onopen = () => tell({ open: true });
channel.onmessage = ({ data }) => tell({ message: data });
connection.onicecandidate = ({ candidate }) => tell({ candidate: candidate && candidate.toJSON() });
connection.onconnectionstatechange = () => tell({ state: connection.connectionState });
connection.ontrack = ({ track }) => {
  const sink = new nonstandard.RTCAudioSink(track);
  sink.ondata = ({ samples, sampleRate, channelCount }) => {
    const mono = samples.filter((_, place) => place % channelCount === 0);
    tell({ sound: Buffer.from(mono.buffer, mono.byteOffset, mono.byteLength).toString("base64"), rate: sampleRate });
  };
};

listen({
  accept: (sdp) => connection.setRemoteDescription(new RTCSessionDescription({ type: "answer", sdp })),
  send: (text) => channel.send(text),
  say: ({ pcm }) => {
    const bytes = Buffer.from(pcm, "base64");
    const samples = new Int16Array(bytes.length / 2).map((_, place) => bytes.readInt16LE(2 * place));
    for (let start = 0; start + FRAME <= samples.length; start += FRAME) queue.push(samples.slice(start, start + FRAME));
  },
  close: () => connection.close(),
});
pace(10, queue, (samples = new Int16Array(FRAME)) => source.onData({ samples, sampleRate: 48000 }));
(async () => {
  await connection.setLocalDescription(await connection.createOffer());
  tell({ offer: connection.localDescription.sdp });
})();
