"""A FastRTC stream that answers each turn with the same sound, as FastRTC's documentation writes a handler.

It runs in an environment of its own: python fastrtc_server.py PORT ANSWER.wav. FastRTC's own voice-activity detection
loads its model from a hub; here loudness decides when the user has spoken, which costs it less.
"""

import asyncio
import sys
import wave

import numpy as np
import uvicorn
from fastapi import FastAPI
from fastrtc import AsyncStreamHandler, Stream, wait_for_item

PORT, ANSWER = int(sys.argv[1]), sys.argv[2]
LOUD, SILENCE_S, CHUNK_S = 300, 0.6, 0.02
with wave.open(ANSWER) as file:
    RATE, SOUND = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)


class Answer(AsyncStreamHandler):
    """Recogniser, model and voice in one: the sound, when the user has spoken."""

    def __init__(self) -> None:
        super().__init__(input_sample_rate=16_000, output_sample_rate=RATE)
        self.queue: asyncio.Queue[tuple[int, np.ndarray]] = asyncio.Queue()
        self.silence: float | None = None

    def copy(self) -> "Answer":
        return Answer()

    async def receive(self, frame: tuple[int, np.ndarray]) -> None:
        rate, samples = frame
        if np.abs(samples).max() > LOUD:
            self.silence = 0.0
        elif self.silence is not None:
            self.silence += samples.size / rate
            if self.silence >= SILENCE_S:
                self.silence = None
                size = int(RATE * CHUNK_S)
                for at in range(0, SOUND.size, size):
                    self.queue.put_nowait((RATE, SOUND[None, at : at + size]))

    async def emit(self) -> tuple[int, np.ndarray] | None:
        return await wait_for_item(self.queue)


app = FastAPI()
Stream(handler=Answer(), modality="audio", mode="send-receive", concurrency_limit=1000).mount(app)
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")
