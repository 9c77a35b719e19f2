"""What a client of HTTP/2 sees, one scene a run: http2.py SCENE PORT CA-FILE [MORE]"""

import base64
import hmac
import json
import os
import signal
import sys
import time
import zlib

import h2.errors

from http2_client import Client, WebSocket


def eventually(what, condition):
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return value


def echo(port, authorities):
    """Two WebSockets and a request on one connection; messages of all lengths; the end in good order."""
    client = Client(port, authorities)
    first = WebSocket.open(client, "/rooms/a")
    second = WebSocket.open(client, "/rooms/b", headers=[("sec-websocket-protocol", "unknown, pushbridge.v1")])
    assert client.streams[second.number].headers["sec-websocket-protocol"] == "pushbridge.v1"
    for length in (0, 1, 125, 126, 65535, 65536, 900_000):
        message = os.urandom(length)
        first.send(message)
        assert first.receive() == (2, message), length
    first.send(b"are you there", opcode=9)
    assert first.receive() == (10, b"are you there")
    assert client.answer("/none").status == 404
    first.send((1000).to_bytes(2, "big"), opcode=8)
    assert first.receive()[0] == 8
    stream = client.finish(first.number)
    assert stream.ended and stream.reset is None, stream.reset
    client.send(first.number, b"", end=True)
    # The other WebSocket, and the connection, live on.
    second.send(b'{"type":"ping"}', opcode=1)
    eventually("a pong", lambda: second.receive()[1] == b'{"type":"pong"}')
    # A close frame together with the end of the client's side.
    second.send((1000).to_bytes(2, "big"), opcode=8, end=True)
    assert second.receive()[0] == 8
    stream = client.finish(second.number)
    assert stream.ended and stream.reset is None, stream.reset
    assert client.goaway is None


def early(port, authorities):
    """Frames that come with the handshake, before its answer, belong to the WebSocket."""
    client = Client(port, authorities)
    # The answer for a tunnel waits until its backend is connected.
    for number, path in [(1, "/rooms/a"), (3, "/tunnel/echo")]:
        fields = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", path),
                  (":authority", client.authority), ("sec-websocket-version", "13")]
        client.h2.send_headers(number, fields)
        client.h2.send_data(number, WebSocket.frame(b"early"))
        client.flush()
        assert WebSocket(client, number).receive() == (2, b"early")
        assert client.streams[number].status == 200


def refusals(port, authorities):
    """What is refused is refused with the same status as over HTTP/1.1, and the connection goes on."""
    client = Client(port, authorities)

    def check(number, status):
        stream = client.finish(number)
        assert stream.headers is not None, (status, stream.reset)
        assert stream.status == status, (stream.status, status, stream.data)
        assert stream.headers["content-type"] == "application/problem+json", stream.headers
        assert json.loads(stream.data)["status"] == status
        for name in ("connection", "upgrade", "transfer-encoding", "keep-alive"):
            assert name not in stream.headers, stream.headers
        return stream

    assert check(client.connect("/rooms/a", version="8"), 426).headers["sec-websocket-version"] == "13"
    check(client.connect("/rooms/a", version=None), 426)
    check(client.connect("/rooms/a", origin="https://elsewhere.example"), 403)
    check(client.connect("/rooms/a", protocol="connect-udp"), 501)
    check(client.connect("/rooms/a", headers=[("content-length", "0"), ("sec-websocket-protocol", "a b")]), 400)
    check(client.connect("/none"), 404)
    check(client.connect("/pages/"), 405)
    check(client.request("/rooms/a"), 426)
    check(client.request("", pseudo=[(":method", "CONNECT"), (":authority", "example.org:443")], end=False), 400)
    check(client.request("/pages/", headers=[(f"x-{n}", "y") for n in range(130)]), 431)
    check(client.request("/pages/", headers=[("x-large", "y" * 17_000)]), 431)
    check(client.request("/pages/", headers=[(f"x-large-{n}", "y" * 11_000) for n in range(6)]), 431)
    check(client.request("/pages/", headers=[("host", "elsewhere.example")]), 400)
    check(client.request("", pseudo=[(":method", "GET"), (":scheme", "https"), (":path", "/pages/")]), 400)
    check(client.request("pages/", headers=[]), 400)
    number = client.request("/pages/", method="POST", end=False)
    client.send(number, b"x" * 70_000)
    check(number, 413)
    # The client's side was open still: it is told to stop, without an error.
    eventually("a reset", lambda: client.receive(1) and client.streams[number].reset is not None)
    assert client.streams[number].reset == h2.errors.ErrorCodes.NO_ERROR
    # One that names its host in the old way is as good.
    old = [(":method", "GET"), (":scheme", "https"), (":path", "/pages/"), ("host", client.authority)]
    assert client.answer("", pseudo=old).status == 200
    assert client.goaway is None


def validators(port, authorities):
    client = Client(port, authorities)
    whole = client.answer("/scores/a")
    tag = whole.headers["etag"]
    assert whole.status == 200 and whole.data == b'{"a":1}', whole.data
    known = client.answer("/scores/a", headers=[("if-none-match", tag)])
    assert known.status == 304 and known.data == b""
    head = client.answer("/scores/a", method="HEAD")
    assert head.status == 200 and head.headers["content-length"] == "7" and head.data == b""
    options = client.answer("/scores/a", method="OPTIONS", headers=[
        ("origin", "https://app.example"), ("access-control-request-method", "GET")])
    assert options.status == 204, options.status
    assert options.headers["access-control-allow-origin"] == "https://app.example"
    waiting = client.request("/scores/a", headers=[("if-none-match", tag), ("prefer", "wait=1")])
    assert client.finish(waiting).status == 304
    # Cookies one by one are one header for whoever reads them.
    cookies = client.answer("/cookies", headers=[("cookie", "a=1"), ("cookie", "b=2")])
    assert cookies.status == 200, cookies.data


def tunnel_stream(port, authorities, size):
    """All that a backend sends before its end arrives, also where the client reads slowly, then the close frame."""
    client = Client(port, authorities)
    socket = WebSocket.open(client, "/tunnel/stream")
    received = 0
    while True:
        opcode, payload = socket.receive()
        if opcode == 8:
            break
        received += len(payload)
    assert received == int(size), received
    assert payload[:2] == (1000).to_bytes(2, "big"), payload
    socket.send(payload, opcode=8, end=True)
    assert client.finish(socket.number).reset is None


def tunnel_collect(port, authorities, size):
    """All that a client sends before its close frame reaches the backend, whose last words reach the client."""
    client = Client(port, authorities)
    socket = WebSocket.open(client, "/tunnel/collect")
    data = bytes(range(256)) * (int(size) // 256)
    for start in range(0, len(data), 100_000):
        socket.send(data[start:start + 100_000])
    socket.send((1000).to_bytes(2, "big"), opcode=8)
    assert socket.receive() == (2, b"that was all")
    assert socket.receive()[0] == 8
    stream = client.finish(socket.number)
    assert stream.ended and stream.reset is None, stream.reset


def stopped_tunnel(port, authorities):
    """A backend that reads nothing holds up its own stream alone."""
    client = Client(port, authorities)
    socket = WebSocket.open(client, "/tunnel/deaf")
    sent = 0
    chunk = WebSocket.frame(b"x" * 16_000)
    while sent < 64 << 20:
        window = client.h2.local_flow_control_window(socket.number)
        if window < len(chunk):
            # Nobody opens the window for as long as nobody reads: seen twice, a second apart.
            client.receive(1)
            if client.h2.local_flow_control_window(socket.number) == window:
                break
            continue
        client.h2.send_data(socket.number, chunk)
        client.flush()
        sent += len(chunk)
    assert sent < 64 << 20, sent
    echo = WebSocket.open(client, "/rooms/a")
    echo.send(b"still moving")
    assert echo.receive() == (2, b"still moving")


def limits(port, authorities):
    """Each stream counts like a connection; what is over the limit is told so on its stream."""
    client = Client(port, authorities)
    streams = [client.request("/scores/a", headers=[("accept", "text/event-stream")]) for _ in range(3)]
    for number in streams:
        assert client.head(number).status == 200
    over = client.answer("/scores/a")
    assert over.status == 503 and "retry-after" in over.headers, over.headers
    client.h2.reset_stream(streams[1])
    client.flush()
    eventually("a place", lambda: client.answer("/scores/a").status == 200)
    # The first one stands in the place of the connection.
    client.h2.reset_stream(streams[0])
    client.flush()

    def both():
        more = [client.request("/scores/a", headers=[("accept", "text/event-stream")]) for _ in range(2)]
        answers = [client.head(number).status for number in more]
        for number in more:
            if not client.streams[number].ended:
                client.h2.reset_stream(number)
        client.flush()
        return answers == [200, 200]

    eventually("two places", both)


def reset_streams(port, authorities):
    """Event streams and a WebSocket, each taken back by the client."""
    client = Client(port, authorities)
    streams = [client.request("/scores/a", headers=[("accept", "text/event-stream")]) for _ in range(5)]
    for number in streams:
        assert client.head(number).status == 200
    socket = WebSocket.open(client, "/scores/a")
    assert socket.receive() == (1, b'{"a":1}')
    print("open", flush=True)
    sys.stdin.readline()
    for number in streams + [socket.number]:
        client.h2.reset_stream(number, h2.errors.ErrorCodes.CANCEL)
    client.flush()
    print("reset", flush=True)
    sys.stdin.readline()
    assert client.answer("/scores/a").status == 200


def slow_file(port, authorities):
    """A large file whose reader has stopped, beside streams that go on."""
    client = Client(port, authorities)
    client.acknowledges = False
    large = [client.request("/pages/large.bin") for _ in range(4)]
    for number in large:
        assert client.head(number).status == 200
    # Read until the connection's window is used up, then open it again without opening those of the streams.
    eventually("a full window", lambda: not client.receive(0.5))
    client.h2.increment_flow_control_window(1 << 20)
    client.flush()
    for _ in range(20):
        number = client.request("/scores/a")
        client.acknowledges = False
        assert client.finish(number).status == 200
    assert not any(client.streams[number].ended for number in large)
    print("waiting", flush=True)
    sys.stdin.readline()
    # On it goes, to the last byte.
    client.acknowledges = True
    client.h2.increment_flow_control_window(1 << 30)
    for number in large:
        client.h2.increment_flow_control_window(1 << 30, number)
    client.flush()
    for number in large:
        assert len(client.finish(number).data) == 20_000_000


def drain(port, authorities, process):
    """GOAWAY first, then streams end as connections do, then the connection."""
    client = Client(port, authorities)
    idle = Client(port, authorities)
    assert idle.answer("/scores/a").status == 200
    events = client.request("/scores/a", headers=[("accept", "text/event-stream")])
    assert client.head(events).status == 200
    socket = WebSocket.open(client, "/rooms/a")
    os.kill(int(process), signal.SIGTERM)
    client.until(lambda client: client.goaway is not None)
    assert client.goaway == h2.errors.ErrorCodes.NO_ERROR, client.goaway
    assert not (client.streams[events].ended and client.streams[socket.number].ended)
    opcode, payload = socket.receive()
    assert (opcode, payload[:2]) == (8, (1001).to_bytes(2, "big")), payload
    socket.send(payload[:2], opcode=8, end=True)
    assert client.finish(socket.number).reset is None
    stream = client.finish(events)
    assert stream.ended and stream.reset is None, stream.reset
    client.wait_for_end()
    idle.wait_for_end()
    assert idle.goaway == h2.errors.ErrorCodes.NO_ERROR


def idle(port, authorities):
    """A connection without a stream ends by itself: the first time, and between streams."""
    silent = Client(port, authorities)
    client = Client(port, authorities)
    assert client.answer("/none").status == 404
    events = client.request("/scores/a", headers=[("accept", "text/event-stream")])
    assert client.head(events).status == 200
    silent.wait_for_end()
    assert silent.goaway == h2.errors.ErrorCodes.NO_ERROR, silent.goaway
    # One with a stream is not idle.
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        client.receive(0.2)
    assert not client.closed and client.goaway is None
    client.h2.reset_stream(events)
    client.flush()
    client.wait_for_end()
    assert client.goaway == h2.errors.ErrorCodes.NO_ERROR, client.goaway


def ended(client, code):
    client.wait_for_end()
    # A client that goes on sending may have lost the words to a reset.
    assert client.goaway in (code, None), client.goaway
    return client.goaway


def flood(port, authorities, kind):
    """A client that floods is told to calm down, and cut off; nobody else notices."""
    neighbour = Client(port, authorities)
    socket = WebSocket.open(neighbour, "/rooms/a")
    client = Client(port, authorities)
    assert client.answer("/none").status == 404
    calm = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM

    def frame(kind, flags, stream, payload=b""):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    if kind == "reset":
        for _ in range(300):
            number = client.h2.get_next_available_stream_id()
            client.h2.send_headers(number, [(":method", "GET"), (":scheme", "https"), (":path", "/scores/a"),
                                            (":authority", client.authority)], end_stream=True)
            client.h2.reset_stream(number)
        client.flush()
    elif kind == "ping":
        client.raw(frame(6, 0, 0, b"12345678") * 300)
    elif kind == "settings":
        client.raw(frame(4, 0, 0) * 300)
    elif kind == "empty":
        number = client.request("/scores/a", method="POST", end=False)
        client.raw(frame(0, 0, number) * 300)
    elif kind == "continuation":
        number = client.h2.get_next_available_stream_id()
        client.raw(frame(1, 0, number, b"\x82") + frame(9, 0, number) * 300)
    elif kind == "garbage":
        client.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
    elif kind == "error":
        # Heads that are malformed (RFC 9113 section 8.2.2), each an error of its stream.
        try:
            for _ in range(300):
                client.finish(client.request("/", headers=[("connection", "close")]))
        except EOFError:
            pass
    said = ended(client, h2.errors.ErrorCodes.FRAME_SIZE_ERROR if kind == "garbage" else calm)
    socket.send(b"undisturbed")
    assert socket.receive() == (2, b"undisturbed")
    if kind in ("ping", "settings"):
        assert said == calm, said


def too_many_streams(port, authorities):
    """A hundred streams at once are served; a client that was told so and opens another one is cut off."""
    client = Client(port, authorities)
    assert client.h2.remote_settings.max_concurrent_streams == 100
    streams = [client.request("/scores/a", headers=[("accept", "text/event-stream")]) for _ in range(100)]
    for number in streams:
        assert client.head(number).status == 200
    client.h2.remote_settings[3] = 1000
    client.h2.remote_settings.acknowledge()
    client.request("/scores/a")
    ended(client, h2.errors.ErrorCodes.PROTOCOL_ERROR)
    assert Client(port, authorities).answer("/scores/a").status == 200


def malformed(port, authorities):
    """A malformed head is the error of its stream alone (RFC 9113 section 8.1.1)."""
    client = Client(port, authorities)
    socket = WebSocket.open(client, "/rooms/a")
    for headers in ([("connection", "close")], [("upgrade", "websocket")], [("Upper", "case")], [("te", "gzip")],
                    [("a", "b\r\nc: d")]):
        stream = client.finish(client.request("/scores/a", headers=headers))
        assert stream.reset == h2.errors.ErrorCodes.PROTOCOL_ERROR, (headers, stream.reset)
    socket.send(b"undisturbed")
    assert socket.receive() == (2, b"undisturbed")


def echo_lines(port, authorities):
    """A WebSocket that stays: says back what it is told, line by line."""
    socket = WebSocket.open(Client(port, authorities), "/rooms/a")
    print("open", flush=True)
    for line in sys.stdin:
        socket.send(line.rstrip().encode(), opcode=1)
        print(socket.receive()[1].decode(), flush=True)


def kinds(port, authorities):
    """Every way to follow a topic, on one connection."""
    client = Client(port, authorities)
    bare = WebSocket.open(client, "/scores/a")
    assert bare.receive() == (1, b'{"a":1}')
    version1 = WebSocket.open(client, "/scores/a", headers=[("sec-websocket-protocol", "pushbridge.v1")])
    assert json.loads(version1.receive()[1])["data"] == {"a": 1}
    many = WebSocket.open(client, "/connect", headers=[("sec-websocket-protocol", "pushbridge.v1")])
    many.send(b'{"type":"subscribe","topic":"/scores/b"}', opcode=1)
    assert json.loads(many.receive()[1])["data"] == {"a": 1}
    # What the client offers is agreed on as over HTTP/1.1.
    number = client.connect("/rooms/z", headers=[("sec-websocket-extensions", "permessage-deflate")])
    assert "permessage-deflate" in client.head(number).headers["sec-websocket-extensions"]
    small = WebSocket(client, number)
    small.send(b"a" * 5000, opcode=1)
    opcode, payload = small.receive()
    assert opcode == 1 and len(payload) < 100, (opcode, len(payload))
    assert zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff") == b"a" * 5000
    print("subscribed", flush=True)
    for socket in (bare, version1, many):
        assert b"2" in socket.receive()[1]


def slow_member(port, authorities):
    """A member that opens no window for its own stream, beside others on the same connection."""
    client = Client(port, authorities)
    client.acknowledges = False
    slow = WebSocket.open(client, "/rooms/a")
    talker = WebSocket.open(Client(port, authorities), "/rooms/a")
    for count in range(2000):
        talker.send(bytes(16_000))
        assert talker.receive() == (2, bytes(16_000))
        if count % 8:
            continue
        # The connection's window is kept open, the stream's is not.
        while client.receive(0.01):
            pass
        if client.h2.inbound_flow_control_window < 30_000:
            client.h2.increment_flow_control_window(1 << 20)
            client.flush()
        if client.streams[slow.number].ended or client.streams[slow.number].reset is not None or count > 100:
            break
    # What waited is still delivered, and then the close frame says why.
    client.acknowledges = True
    client.h2.increment_flow_control_window(1 << 24, slow.number)
    client.flush()
    while True:
        opcode, payload = slow.receive()
        if opcode == 8:
            break
    assert payload[:2] == (1013).to_bytes(2, "big"), payload
    talker.send(b"undisturbed")
    assert talker.receive() == (2, b"undisturbed")


def silent(port, authorities):
    """A subscriber that opens no window and answers no ping, beside a request on the same connection."""
    client = Client(port, authorities)
    client.acknowledges = False
    number = client.connect("/scores/a", headers=[("sec-websocket-protocol", "pushbridge.v1")])
    assert client.head(number).status == 200
    client.until(lambda stream: stream.ended or stream.reset is not None, number)
    client.h2.increment_flow_control_window(1 << 20)
    client.flush()
    assert client.answer("/none").status == 404


def credentials(port, authorities):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    signed = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(
        json.dumps({"sub": "ann", "exp": int(time.time()) + 5}).encode())
    key = b"a secret of at least 32 characters"
    token = signed + "." + part(hmac.new(key, signed.encode(), "sha256").digest())
    client = Client(port, authorities)
    assert client.finish(client.connect("/rooms/a")).status == 401
    socket = WebSocket.open(client, "/rooms/a", headers=[("authorization", f"Bearer {token}")])
    socket.send(b"hello")
    assert socket.receive() == (2, b"hello")
    opcode, payload = socket.receive()
    assert (opcode, payload[:2]) == (8, (1008).to_bytes(2, "big")), payload


scene, port, *more = sys.argv[1:]
globals()[scene](int(port), *more)
print("done")
