"""A network between a client and a bridge that can be cut, frozen, or made to dislike some requests."""

import selectors
import socket
import threading


class Wire:
    """Forwards TCP from a port of its own; ends with `close`."""

    def __init__(self, target_port):
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._pairs = set()
        self._closed = False
        self.is_cut = False
        # Words in a request's head for which the connection is closed, or the answer's body kept back.
        self.refuses = []
        self.keeps_back = []
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Breaks what is open, and what comes, until `mend`."""
        self.is_cut = True
        self.break_connections()

    def mend(self):
        self.is_cut = False

    def freeze(self):
        """What is open stays so, and nothing passes through it any more, as with a network that silently went away."""
        with self._lock:
            for pair in self._pairs:
                pair.is_frozen = True

    def break_connections(self):
        with self._lock:
            for pair in self._pairs:
                pair.end()

    def close(self):
        self._closed = True
        self.break_connections()
        self._listener.close()

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=30)
        except OSError:
            client.close()
            return
        pair = Pair(client, server)
        with self._lock:
            self._pairs.add(pair)
        try:
            pair.carry(self)
        except OSError:
            pass
        finally:
            with self._lock:
                self._pairs.discard(pair)
            client.close()
            server.close()


class Pair:
    """One connection's two ends."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.is_frozen = False
        self.keeps_back = False

    def end(self):
        for end in [self.client, self.server]:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def carry(self, wire):
        with selectors.DefaultSelector() as selector:
            selector.register(self.client, selectors.EVENT_READ, self.server)
            selector.register(self.server, selectors.EVENT_READ, self.client)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    if self.is_frozen:
                        continue
                    if key.fileobj is self.client:
                        if any(word in data for word in wire.refuses):
                            return
                        # Of each request anew: connections are kept alive.
                        self.keeps_back = any(word in data for word in wire.keeps_back)
                    elif self.keeps_back:
                        data = data[: data.find(b"\r\n\r\n") + 4] if b"\r\n\r\n" in data else b""
                    key.data.sendall(data)
