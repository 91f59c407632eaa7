"""The bridge into the media loop."""

import contextvars
import threading

import flask

from banker.rtc.media_worker import MediaWorker

WHO = contextvars.ContextVar("who", default="nobody")


def test_what_a_request_starts_in_the_loop_does_not_see_the_request() -> None:
    worker, seen, posted = MediaWorker(), [], threading.Event()

    async def look() -> None:
        seen.append((WHO.get(), flask.has_request_context(), flask.has_app_context()))

    async def look_and_tell() -> None:
        await look()
        posted.set()

    WHO.set("somebody")
    with flask.Flask("service").test_request_context("/v1/realtime/sess-1"):
        worker.call(look(), 5)
        worker.post(look_and_tell())
        assert posted.wait(5)
    worker.close()
    assert seen == [("nobody", False, False)] * 2
