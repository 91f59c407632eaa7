"""A chat-completions server for tests: real HTTP and the real streaming format, scripted request by request."""

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelRequestHandler(BaseHTTPRequestHandler):
    """One request and what a script writes as its answer."""

    protocol_version = "HTTP/1.1"
    server: "ModelServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), **json.loads(body)})
        self.server.times.append(time.monotonic())
        scripts = self.server.scripts
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        script(self)

    def start(self, status: int = 200, content_type: str = "text/event-stream") -> None:
        """Status and headers of a chunked answer."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def raw(self, data: bytes) -> None:
        """One HTTP chunk."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, data: Any) -> None:
        """One event; objects are written as JSON."""
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        self.raw(f"data: {text}\n\n".encode())

    def delta(self, finish: str | None = None, **delta: Any) -> None:
        """One chunk of a completion."""
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        self.event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": choices})

    def end(self, finish: str | None = "stop") -> None:
        """The last chunks, `[DONE]` and the end of the body."""
        if finish:
            self.delta(finish)
        self.event({"object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 7}})
        self.event("[DONE]")
        self.raw(b"")

    def body(
        self,
        text: str,
        status: int = 200,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A whole answer that is not streamed."""
        data = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def reset(self) -> None:
        """The process is killed: the peer gets a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.connection.close()

    def hang(self) -> None:
        """Say nothing more until the client goes away, and notice that."""
        self.close_connection = True
        while not self.server.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable:
                with contextlib.suppress(OSError):
                    if self.connection.recv(1):
                        continue
                self.server.left.set()
                return

    def log_message(self, *args: Any) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the client went away, or a script reset the socket
            super().handle()


Script = Callable[[ModelRequestHandler], None]


class ModelServer(ThreadingHTTPServer):
    """Answers each request with the next of `scripts`; the last one is repeated.

    `left` is set when the client disconnects from a script that hangs; a test sets `words_received` when the first
    words have arrived.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ModelRequestHandler)
        self.scripts: list[Script] = [says("Hello.")]
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.left = threading.Event()
        self.words_received = threading.Event()
        self.stopping = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def close(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()


def says(*pieces: str, finish: str = "stop", pause: float = 0) -> Script:
    """Streams the pieces, `pause` seconds apart."""

    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        handler.delta(role="assistant", content="")
        for piece in pieces:
            time.sleep(pause)
            handler.delta(content=piece)
        handler.end(finish)

    return script


def refuses(status: int, error: Any, headers: Mapping[str, str] | None = None) -> Script:
    """Answers with an HTTP error; `error` is the body."""
    return lambda handler: handler.body(json.dumps(error), status, headers=headers)


def call(name: str, arguments: Any, number: int = 0) -> dict[str, Any]:
    """A whole tool call as a delta holds it; `arguments` other than a string are written as JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {
        "index": number,
        "id": f"call_{name}_{number}",
        "type": "function",
        "function": {"name": name, "arguments": text},
    }


def calls(*tool_calls: dict[str, Any], text: str = "") -> Script:
    """Streams a text and tool calls, one chunk each."""

    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        if text:
            handler.delta(content=text)
        for tool_call in tool_calls:
            handler.delta(tool_calls=[tool_call])
        handler.end("tool_calls")

    return script


def stream_of(data: bytes) -> Script:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        handler.raw(data)
        handler.raw(b"")

    return script


def killed(*pieces: str) -> Script:
    def script(handler: ModelRequestHandler) -> None:
        if pieces:
            handler.start()
        for piece in pieces:
            handler.delta(content=piece)
        if pieces:  # a reset can overtake what was written before it
            assert handler.server.words_received.wait(3)
        handler.reset()

    return script


def stalled(*pieces: str) -> Script:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        for piece in pieces:
            handler.delta(content=piece)
        handler.hang()

    return script
