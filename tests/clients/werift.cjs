// A WebRTC stack in TypeScript: the npm package werift. It sends and receives Opus packets, and codes none.
const { MediaStreamTrack, RTCPeerConnection, RtpHeader, RtpPacket } = require("werift");
const { listen, pace, tell } = require("./lines.cjs");

const connection = new RTCPeerConnection();
const microphone = new MediaStreamTrack({ kind: "audio" });
const queue = [];
let number = 0;

const { receiver } = connection.addTransceiver(microphone, { direction: "sendrecv" });
connection.onTrack.subscribe((track) => {
  track.onReceiveRtp.subscribe(({ header, payload }) => {
    tell({ packet: [header.sequenceNumber, header.timestamp, payload.toString("base64")] });
  });
});
const channel = connection.createDataChannel("events", { ordered: true });
channel.stateChanged.subscribe((state) => state === "open" && tell({ open: true }));
channel.onMessage.subscribe((data) => tell({ message: data.toString() }));
connection.connectionStateChange.subscribe((state) => tell({ state }));

listen({
  accept: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
  send: (text) => channel.send(text),
  say: ({ packets }) => queue.push(...packets.map((packet) => Buffer.from(packet, "base64"))),
  close: () => connection.close(),
});
const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
pace(20, queue, (payload = SILENCE) => {
  number += 1;
  const header = new RtpHeader({ sequenceNumber: number % 65536, timestamp: number * 960, payloadType: 96, ssrc: 7 });
  microphone.writeRtp(new RtpPacket(header, payload));
});
(async () => {
  await connection.setLocalDescription(await connection.createOffer());
  tell({ offer: connection.localDescription.sdp });
})();
