"""Why no file came: one sentence each, soon, with what to do."""

from __future__ import annotations

import ssl
import subprocess
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from bgbias_core.download import fetch
from bgbias_core.errors import DownloadError

INSTEAD = "data fetch cub --from /path/CUB_200_2011.tgz"


def refusal(url: str, path, **options: object) -> str:
    began = time.monotonic()
    with pytest.raises(DownloadError) as caught:
        fetch(url, path, instead=INSTEAD, **options)
    assert time.monotonic() - began < 5
    assert not path.exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "no longer has"),
        (410, "no longer has"),
        (403, "does not give"),
        (401, "does not give"),
        (429, "cannot answer at the moment (429)"),
        (500, "cannot answer at the moment (500)"),
        (503, "cannot answer at the moment (503)"),
        (418, "answered 418"),
    ],
)
def test_an_answer_without_a_file(server, tmp_path, status, says):
    server.status = status
    sentence = refusal(server.url("birds.tgz"), tmp_path / "birds.tgz")
    assert says in sentence
    assert INSTEAD in sentence
    assert len(server.asked) == 1


def test_a_silent_server_is_not_waited_for(server, tmp_path):
    server.silence = 1.5
    sentence = refusal(server.url("birds.tgz"), tmp_path / "birds.tgz", timeout=0.2)
    assert "was silent for 0.2 seconds" in sentence
    assert INSTEAD in sentence


def test_a_server_that_falls_silent_midway_is_not_waited_for(server, tmp_path):
    server.hold = Event()
    server.ranges = False
    sentence = refusal(server.url("birds.tgz"), tmp_path / "birds.tgz", timeout=0.2)
    assert "was silent for 0.2 seconds" in sentence
    assert "are kept" in sentence


def test_a_host_that_does_not_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    sentence = refusal("https://no-such-host.invalid/birds.tgz", tmp_path / "birds.tgz")
    assert "No host named no-such-host.invalid" in sentence
    assert INSTEAD in sentence


def test_a_port_where_nobody_listens(tmp_path, monkeypatch, free_port):
    monkeypatch.setenv("NO_PROXY", "*")
    sentence = refusal(f"http://127.0.0.1:{free_port}/birds.tgz", tmp_path / "birds.tgz")
    assert "127.0.0.1 refuses connections" in sentence
    assert INSTEAD in sentence


def test_a_certificate_that_nobody_signed(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    http = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    http.handle_error = lambda *_: None
    http.socket = context.wrap_socket(http.socket, server_side=True)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        sentence = refusal(f"https://localhost:{http.server_address[1]}/birds.tgz", tmp_path / "birds.tgz")
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
    assert "The certificate of localhost cannot be verified" in sentence


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/birds.tgz", "data:,bird", "gopher://x/"])
def test_a_redirect_elsewhere_is_refused(server, tmp_path, target):
    server.redirect = target
    assert "address" in refusal(server.url("birds.tgz"), tmp_path / "birds.tgz")


def test_redirects_are_followed_but_not_for_ever(server, tmp_path):
    server.redirect = server.url("birds.tgz")
    assert "without end" in refusal(server.url("birds.tgz"), tmp_path / "birds.tgz")
    assert len(server.asked) == 10


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/birds.tgz",
        "ftp://example.org/birds.tgz",
        "https://",
        "https://[::1/birds.tgz",
        "https://example.org:port/birds.tgz",
    ],
)
def test_addresses_that_are_not_asked(tmp_path, url):
    assert "address" in refusal(url, tmp_path / "birds.tgz")


def test_plain_http_of_elsewhere_only_by_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    sentence = refusal("http://no-such-host.invalid/birds.tgz", tmp_path / "birds.tgz", by_hand=True)
    assert "No host named" in sentence


def test_a_file_of_this_machine_that_is_not_there(tmp_path):
    assert "cannot be read" in refusal(str(tmp_path / "gone.tgz"), tmp_path / "birds.tgz")


def test_a_place_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refusal(server.url("birds.tgz"), tmp_path / "file" / "birds.tgz")
