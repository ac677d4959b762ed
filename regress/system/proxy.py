"""A TCP proxy that fails like a network: it cuts connections at any byte, stands
still, refuses, or answers in the server's place."""

import random
import select
import socket
import ssl
import struct
import threading
import time

from harness import free_port, register

RESET = struct.pack("ii", 1, 0)


class Proxy:
    """server_tls, client_tls: SSL contexts of a proxy that reads what it forwards;
    without, bytes pass as they are and cannot be answered."""

    def __init__(self, upstream, seed=0, server_tls=None, client_tls=None):
        self.upstream, self.random = upstream, random.Random(seed)
        self.server_tls, self.client_tls = server_tls, client_tls
        self.listener, self.port = None, free_port()
        self.frozen, self.ended = threading.Event(), threading.Event()
        self.cut_within = 0         # bytes of an answer; 0: never
        self.answers = []           # bytes, each for one new connection
        self.round = 0              # connections of an older one are cut
        self.lost = -1              # up to this one they are left as they are
        self.cuts = self.accepted = 0
        self.listen()
        register(self)

    def listen(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(client, self.round), daemon=True).start()

    # What a test makes of it.

    def cut_all(self):
        self.round += 1

    def lose_all(self):
        """Nothing comes through any more, and nobody is told."""
        self.lost = self.round
        self.round += 1

    def refuse(self):
        """Nobody listens, and whoever was connected is not any more."""
        if self.listener:
            # Closing alone would not wake the thread in accept().
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.cut_all()

    def allow(self):
        if not self.listener:
            self.listen()

    def calm(self):
        self.cut_within, self.answers = 0, []
        self.frozen.clear()
        self.allow()

    def stop(self):
        self.refuse()
        self.frozen.clear()
        self.ended.set()

    def told(self):
        return f"{self.accepted} connections, {self.cuts} of them cut"

    # One connection.

    def serve(self, client, at):
        server = None
        try:
            client.settimeout(20)
            if self.server_tls:
                client = self.server_tls.wrap_socket(client, server_side=True)
            if self.answers and (self.server_tls or not self.client_tls):
                self.answer(client, self.answers.pop(0))
                return
            server = socket.create_connection(("127.0.0.1", self.upstream), 20)
            if self.client_tls:
                server = self.client_tls.wrap_socket(server, server_hostname="127.0.0.1")
            self.carry(client, server, at)
        except (OSError, IndexError):
            pass
        finally:
            for end in filter(None, (client, server)):
                end.close()

    def answer(self, client, data):
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(65536)
            if not more:
                return
            head += more
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    def carry(self, client, server, at):
        budget = None
        while True:
            ready = [end for end in (client, server)
                     if isinstance(end, ssl.SSLSocket) and end.pending()]
            ready = ready or select.select([client, server], [], [], 0.1)[0]
            while self.frozen.is_set() and at == self.round:
                time.sleep(0.02)
            if at <= self.lost:
                self.ended.wait()
            if at != self.round:
                return self.cut(client)
            if not self.cut_within:
                budget = None
            elif budget is None:
                budget = self.random.randint(1, self.cut_within)
            for end in ready:
                # What came may be TLS's own affair.
                end.settimeout(0)
                try:
                    data = end.recv(65536)
                except (BlockingIOError, ssl.SSLWantReadError):
                    continue
                finally:
                    end.settimeout(20)
                if not data:
                    return
                if end is client:
                    server.sendall(data)
                elif budget is not None and len(data) >= budget:
                    client.sendall(data[:budget])
                    return self.cut(client)
                else:
                    client.sendall(data)
                    budget = budget and budget - len(data)

    def cut(self, client):
        self.cuts += 1
        if self.random.random() < 0.5:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def http_answer(code, reason="", headers=(), body=b""):
    head = [f"HTTP/1.1 {code} {reason}", f"Content-Length: {len(body)}", "Connection: close",
            *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
