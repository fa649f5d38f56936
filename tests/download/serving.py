"""A file server on the loopback interface that can be cut, slow, forgetful, or lead elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


@dataclass
class FileServer:
    """What it serves and how it behaves; what it was asked and how many bytes it sent."""

    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = '"one"'
    last_modified: str | None = None
    ranges: bool = True
    heeds_if_range: bool = True
    says_length: bool = True
    claims: int | None = None
    cuts: list[int | None] = field(default_factory=list)
    status: int = 200
    redirect: str | None = None
    silence: float = 0.0
    hold: Event | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    sent: int = 0
    address: str = ""

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


@contextmanager
def serving(server: FileServer) -> Iterator[FileServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            server.asked.append((self.path, wanted))
            self.close_connection = True
            content = server.files.get(self.path.rpartition("/")[2])
            status = server.status if content is not None else 404
            if server.redirect is not None:
                self.send_response(302)
                self.send_header("Location", server.redirect)
                self.send_header("Connection", "close")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            time.sleep(server.silence)
            if status != 200 or content is None:
                self.send_error(status)
                return
            start, total = 0, len(content)
            validator = server.etag or server.last_modified
            same = not server.heeds_if_range or self.headers.get("If-Range") in {None, validator}
            if wanted and server.ranges and same:
                start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
                if start >= total:
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            else:
                self.send_response(200)
            for name, value in (("ETag", server.etag), ("Last-Modified", server.last_modified)):
                if value is not None:
                    self.send_header(name, value)
            body = content[start:]
            if server.says_length:
                self.send_header("Content-Length", str(server.claims or len(body)))
            self.end_headers()
            cut = server.cuts.pop(0) if server.cuts else None
            body = body[:cut]
            server.sent += len(body)
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if server.hold is not None:
                server.hold.wait(10)
            self.wfile.write(body[len(body) // 2 :])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Clients here go away in mid-sentence on purpose."""

    http = Quiet(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        if server.hold is not None:
            server.hold.set()
        http.shutdown()
        http.server_close()
        thread.join()
