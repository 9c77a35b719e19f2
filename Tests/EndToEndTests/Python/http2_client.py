"""An HTTP/2 client for tests, on one socket and in no hurry: what it gets is kept by stream."""

import os
import socket
import ssl
import time

import h2.config
import h2.connection
import h2.errors
import h2.events

DEADLINE = 60


class Stream:
    def __init__(self):
        self.headers = None
        # Grows without being copied each time, which large answers would wait for.
        self.data = bytearray()
        self.ended = False
        self.reset = None

    @property
    def status(self):
        return int(self.headers[":status"])


class Connection(h2.connection.H2Connection):
    """One that goes on with its streams after GOAWAY, as RFC 9113 section 6.8 has it."""

    def _receive_goaway_frame(self, frame):
        state = self.state_machine.state
        try:
            return super()._receive_goaway_frame(frame)
        finally:
            self.state_machine.state = state


class Client:
    def __init__(self, port, authorities):
        context = ssl.create_default_context(cafile=authorities)
        context.set_alpn_protocols(["h2", "http/1.1"])
        plain = socket.create_connection(("127.0.0.1", port))
        self.socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        assert self.socket.selected_alpn_protocol() == "h2", self.socket.selected_alpn_protocol()
        self.authority = f"127.0.0.1:{port}"
        self.h2 = Connection(
            # What is wrong is to be sent as it is.
            h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False,
                                      normalize_outbound_headers=False))
        self.streams = {}
        self.goaway = None
        self.closed = False
        self.settled = False
        # Opens windows as data comes; False leaves them to the test.
        self.acknowledges = True
        self.h2.initiate_connection()
        self.flush()
        # CONNECT may be extended only once the server has said that it knows how (RFC 8441 section 3).
        self.until(lambda client: client.settled)
        assert self.h2.remote_settings.enable_connect_protocol == 1

    # Requests

    def request(self, path, method="GET", end=True, headers=(), authority=None, pseudo=None):
        fields = pseudo or [(":method", method), (":scheme", "https"), (":path", path),
                            (":authority", authority or self.authority)]
        number = self.h2.get_next_available_stream_id()
        self.h2.send_headers(number, fields + list(headers), end_stream=end)
        self.flush()
        return number

    def connect(self, path, protocol="websocket", version="13", headers=(), origin=None):
        """An opening handshake of RFC 8441."""
        fields = [(":method", "CONNECT"), (":protocol", protocol), (":scheme", "https"), (":path", path),
                  (":authority", self.authority)]
        more = ([("sec-websocket-version", version)] if version else []) + ([("origin", origin)] if origin else [])
        return self.request(path, pseudo=fields, end=False, headers=more + list(headers))

    def answer(self, *arguments, **options):
        """The whole answer to a request."""
        return self.finish(self.request(*arguments, **options))

    def finish(self, number):
        return self.until(lambda stream: stream.ended or stream.reset is not None, number)

    def head(self, number):
        return self.until(lambda stream: stream.headers or stream.reset is not None, number)

    def send(self, number, data, end=False):
        """As the windows allow."""
        while data or end:
            window = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            part, data = data[:window], data[window:]
            if part or not data:
                self.h2.send_data(number, part, end_stream=end and not data)
                self.flush()
                if not data:
                    return
            else:
                self.receive()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            try:
                self.socket.sendall(data)
            except OSError:
                self.closed = True

    def raw(self, data):
        """Bytes beside the library, which would not send them."""
        self.socket.sendall(data)

    # Answers

    def until(self, condition, number=None):
        deadline = time.monotonic() + DEADLINE
        stream = self.streams.setdefault(number, Stream()) if number is not None else self
        while not condition(stream):
            assert time.monotonic() < deadline, f"waited in vain: {str(vars(stream))[:500]}"
            if self.closed:
                raise EOFError(f"the connection has ended: {self.goaway}")
            self.receive()
        return stream

    def receive(self, patience=DEADLINE):
        """One read; False where nothing came."""
        self.socket.settimeout(patience)
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return True
        for event in self.h2.receive_data(data):
            self.take(event)
        self.flush()
        return True

    def take(self, event):
        number = getattr(event, "stream_id", None)
        stream = self.streams.setdefault(number, Stream()) if number else None
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.data += event.data
            if self.acknowledges and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = event.error_code
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settled = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code

    def wait_for_end(self):
        """Reads until the other end has closed the connection."""
        deadline = time.monotonic() + DEADLINE
        while not self.closed:
            assert time.monotonic() < deadline, "the connection stays open"
            self.receive(1)

    def close(self):
        self.socket.close()


class WebSocket:
    """A WebSocket on a stream, after its handshake. Control frames and messages come by `receive`."""

    def __init__(self, client, number):
        self.client, self.number = client, number

    @classmethod
    def open(cls, client, path, **options):
        number = client.connect(path, **options)
        stream = client.head(number)
        assert stream.reset is None and stream.status == 200, (stream.reset, stream.headers, stream.data)
        for name in ("upgrade", "connection", "sec-websocket-accept"):
            assert name not in stream.headers, stream.headers
        return cls(client, number)

    @staticmethod
    def frame(payload, opcode=2):
        mask = os.urandom(4)
        length = len(payload)
        head = bytes([0x80 | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += bytes([0x80 | 126]) + length.to_bytes(2, "big")
        else:
            head += bytes([0x80 | 127]) + length.to_bytes(8, "big")
        key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
        return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(length, "big")

    def send(self, payload, opcode=2, end=False):
        self.client.send(self.number, self.frame(payload, opcode), end=end)

    def receive(self):
        """The next frame: its opcode and payload."""
        stream = self.client.until(self.whole_frame, self.number)
        opcode, start, length = self.whole_frame(stream)
        payload = bytes(stream.data[start:start + length])
        del stream.data[:start + length]
        return opcode, payload

    @staticmethod
    def whole_frame(stream):
        data = stream.data
        if len(data) < 2:
            if stream.ended or stream.reset is not None:
                raise EOFError(f"the stream has ended: {stream.reset}")
            return None
        assert data[1] < 0x80, "a server masks nothing"
        start, length = 2, data[1]
        if length == 126:
            start, length = 4, int.from_bytes(data[2:4], "big")
        elif length == 127:
            start, length = 10, int.from_bytes(data[2:10], "big")
        if len(data) < start + length:
            return None
        return data[0] & 15, start, length
