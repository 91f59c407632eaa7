"""A Pipecat bot that answers each turn with the same sound, as Pipecat's documentation writes one.

It runs in an environment of its own: python pipecat_server.py PORT ANSWER.wav
"""

import asyncio
import sys
import wave

import uvicorn
from fastapi import FastAPI
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import Frame, TTSAudioRawFrame, TTSStartedFrame, TTSStoppedFrame, VADUserStoppedSpeakingFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import SmallWebRTCRequest, SmallWebRTCRequestHandler
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

PORT, ANSWER = int(sys.argv[1]), sys.argv[2]
logger.remove()
logger.add(sys.stderr, level="ERROR")
with wave.open(ANSWER) as file:
    RATE, SOUND = file.getframerate(), file.readframes(file.getnframes())


class Answer(FrameProcessor):
    """Recogniser, model and voice in one: the sound, when the user has spoken."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame) and direction is FrameDirection.DOWNSTREAM:
            await self.push_frame(TTSStartedFrame())
            await self.push_frame(TTSAudioRawFrame(SOUND, RATE, 1))
            await self.push_frame(TTSStoppedFrame())


async def bot(connection: SmallWebRTCConnection) -> None:
    transport = SmallWebRTCTransport(connection, TransportParams(audio_in_enabled=True, audio_out_enabled=True))
    voice_activity = VADProcessor(vad_analyzer=SileroVADAnalyzer())
    pipeline = Pipeline([transport.input(), voice_activity, Answer(), transport.output()])
    worker = PipelineWorker(pipeline, params=PipelineParams(), idle_timeout_secs=None)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


app = FastAPI()
handler = SmallWebRTCRequestHandler()
running: set[asyncio.Task[None]] = set()


@app.post("/offer")
async def offer(request: SmallWebRTCRequest) -> dict[str, str] | None:
    async def begin(connection: SmallWebRTCConnection) -> None:
        running.add(asyncio.create_task(bot(connection)))

    return await handler.handle_web_request(request, begin)


uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")
