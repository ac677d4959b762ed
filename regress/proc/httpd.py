#!/usr/bin/python3
"""A scripted server for regress/proc/http.c: it does what the path says.

    httpd.py DIR

Writes ca.pem and, for each kind of key, client-KIND.pem and client-KIND.key into DIR
and prints the ports of plain HTTP, of TLS as "server.test", of TLS that wants a client
certificate, of a proxy, of a proxy that is TLS, as "proxy.test", and of TLS whose records
are cut by hand, as "server.test". Ends when its standard input is closed.
"""

import base64
import email.utils
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

requests = []               # "METHOD path", of all connections
connects = []               # what a proxy was asked for: target and headers
connections = 0
lock = threading.Lock()
wanted = threading.Semaphore(0)


def openssl(where, *args):
    subprocess.run(["openssl", *args], cwd=where, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(where):
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
           "-days", "2"]
    openssl(where, "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=test CA")
    kinds = {"client-rsa": ["-newkey", "rsa:2048", "-nodes", "-days", "2"],
             "client-ecdsa": new, "server": new, "proxy": new,
             "client-ed25519": ["-newkey", "ed25519", "-nodes", "-days", "2"]}
    for name, kind in kinds.items():
        openssl(where, "req", *kind, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}.test", "-addext",
                f"subjectAltName=DNS:{name}.test")
        openssl(where, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem",
                "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-copy_extensions",
                "copy", "-out", f"{name}.pem")


class Closed(Exception):
    pass


class Records:
    """In place of a socket: TLS whose records go out when and as they are told to."""

    def __init__(self, sock, context):
        self.sock, self.came, self.goes = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.came, self.goes, server_side=True)
        self.run(self.tls.do_handshake)

    def run(self, operation):
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(65536)
                if not data:
                    raise Closed
                self.came.write(data)
            finally:
                self.flush()

    def flush(self):
        self.sock.sendall(self.goes.read())

    def recv(self, size):
        return self.run(lambda: self.tls.read(size))

    def sendall(self, data):
        self.send_records([data])

    def send_records(self, pieces):
        for piece in pieces:
            self.tls.write(piece)
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class Connection:
    def __init__(self, sock, number):
        self.sock, self.number, self.count = sock, number, 0
        self.buffer = b""
        self.die_next = False

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.buffer += data

    def read_request(self):
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        while len(self.buffer) < int(headers.get("content-length", 0)):
            self.fill()
        size = int(headers.get("content-length", 0))
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        method, path, _ = first.split(" ")
        with lock:
            requests.append(f"{method} {path}")
        self.count += 1
        return method, path, headers, body.decode()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def reply(self, body, status="200 OK", *headers):
        body = body if isinstance(body, str) else json.dumps(body)
        head = [f"HTTP/1.1 {status}", "content-type:  application/json;charset=utf-8",
                f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(head) + "\r\n\r\n" + body)

    def serve(self):
        while True:
            method, path, headers, body = self.read_request()
            if self.die_next:
                raise Closed
            name = path.split("?")[0].strip("/").split("/")
            handler = getattr(self, "do_" + name[0].replace("-", "_"), self.do_unknown)
            handler(method, path, headers, body)

    def do_unknown(self, method, path, headers, body):
        self.reply({"message": "not found"}, "404 Not Found")

    def do_echo(self, method, path, headers, body):
        self.reply({"method": method, "path": path, "headers": headers, "body": body,
                    "connection": self.number, "count": self.count})

    def do_connects(self, *_):
        with lock:
            self.reply(connects[-1])

    def do_who(self, *_):
        """Who the client has proved to be."""
        subject = dict(pair[0] for pair in self.sock.getpeercert()["subject"])
        self.reply(subject["commonName"])

    def do_log(self, *_):
        with lock:
            self.reply(list(requests))

    def do_count(self, method, path, *_):
        """How often "/count/<what>" has asked for "<METHOD> /<what>"."""
        what, verb = path.split("/")[2:4]
        with lock:
            self.reply(str(requests.count(f"{verb} /{what}")))

    def do_stream(self, *_):
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for word in ("one\n", "two\n", "three\n"):
            self.send(f"{len(word):x}\r\n{word}\r\n")
            time.sleep(0.05)
        self.send("0\r\n\r\n")

    def do_records(self, method, path, *_):
        """/records/FIRST/SIZE/LENGTH: so many x in chunks, all at once, in a record of
        FIRST bytes and others of SIZE; then nothing, and the connection stays."""
        first, size, length = map(int, path.split("/")[2:])
        chunks = [min(7000, length - at) for at in range(0, length, 7000)]
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
            b"%x\r\n%s\r\n" % (n, b"x" * n) for n in chunks) + b"0\r\n\r\n"
        cuts = [0, *range(first, len(answer), size), len(answer)]
        self.sock.send_records(answer[a:b] for a, b in zip(cuts, cuts[1:]))

    def do_drip(self, method, path, *_):
        """/drip/COUNT: so many pieces, each when there was a GET /next after the one
        before; then the connection is closed in the middle."""
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(int(path.split("/")[2])):
            self.send("1\r\nx\r\n")
            if not wanted.acquire(timeout=10):
                break
        raise Closed

    def do_next(self, *_):
        wanted.release()
        self.reply("")

    def do_stream_stall(self, *_):
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n")
        self.fill()

    def do_stream_error(self, *_):
        self.reply({"message": "expired"}, "410 Gone")

    def do_stall(self, *_):
        self.fill()

    def do_close(self, *_):
        raise Closed

    def do_close_headers(self, *_):
        self.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        raise Closed

    def do_half(self, *_):
        self.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        raise Closed

    def do_large(self, *_):
        self.reply("x" * 100000)

    def do_large_error(self, *_):
        self.reply("x" * 100000, "500 Internal Server Error")

    def do_headers(self, *_):
        self.send("HTTP/1.1 200 OK\r\n")
        for i in range(100000):
            self.send(f"X-{i}: {'y' * 900}\r\n")

    def do_continues(self, *_):
        while True:
            self.send(b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" * 100)

    def do_garbage(self, *_):
        self.send("\x1b[31m<html>no\r\n\r\n")
        raise Closed

    def do_retry_seconds(self, *_):
        self.reply({}, "429 Too Many Requests", "Retry-After: 7")

    def do_retry_huge(self, *_):
        self.reply({}, "429 Too Many Requests", "Retry-After: 99999999999999999999999")

    def do_retry_nonsense(self, *_):
        self.reply({}, "429 Too Many Requests", "Retry-After: -3 moons")

    def do_retry_date(self, *_):
        """Of a server whose clock is a year behind."""
        now = time.time() - 365 * 86400
        self.reply({}, "503 Service Unavailable",
                   "Retry-After: " + email.utils.formatdate(now + 90, usegmt=True),
                   "Date: " + email.utils.formatdate(now, usegmt=True))

    def do_redirect(self, *_):
        self.reply({}, "302 Found", "Location: /echo")

    def do_close_after(self, *_):
        """The connection is kept, it seems."""
        self.reply({"connection": self.number})
        raise Closed

    def do_die_next(self, *_):
        """Reads the next request on this connection, and dies of it."""
        self.reply({"connection": self.number})
        self.die_next = True


class Proxy(Connection):
    """Connects to this machine, whatever the name; it tells what it does."""

    def serve(self):
        method, target, headers, _ = self.read_request()
        with lock:
            connects.append({"method": method, "target": target, "headers": headers})
        name, _, port = target.rpartition(":")
        if name == "forbidden.test":
            return self.reply("no", "403 Forbidden", "X-Secret: of the proxy")
        if name == "silent.test":
            raise Closed
        if name == "stall.test":
            return self.fill()
        if name == "auth.test" and headers.get("proxy-authorization") != \
                "Basic " + base64.b64encode(b"us er:p@ss").decode():
            return self.reply("no", "407 Proxy Authentication Required",
                              'Proxy-Authenticate: Basic realm="x"')
        with socket.create_connection(("127.0.0.1", int(port))) as other:
            self.send("HTTP/1.1 200 Connection established\r\nX-Proxy: y\r\n"
                      "Retry-After: 99\r\n\r\n")
            other.sendall(self.buffer)
            back = threading.Thread(target=self.copy, args=(other, self.sock), daemon=True)
            back.start()
            self.copy(self.sock, other)
            back.join()

    @staticmethod
    def copy(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def run(sock, wrap, number, kind):
    try:
        with sock:
            sock = wrap(sock)
            with sock:
                kind(sock, number).serve()
    except (Closed, OSError, ValueError):
        pass


def listen(wrap=lambda sock: sock, kind=Connection):
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept():
        global connections
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with lock:
                connections += 1
                number = connections
            threading.Thread(target=run, args=(sock, wrap, number, kind),
                             daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main(where):
    certificates(where)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{where}/server.pem", f"{where}/server.key")
    mutual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mutual.load_cert_chain(f"{where}/server.pem", f"{where}/server.key")
    mutual.load_verify_locations(f"{where}/ca.pem")
    mutual.verify_mode = ssl.CERT_REQUIRED
    proxy = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proxy.load_cert_chain(f"{where}/proxy.pem", f"{where}/proxy.key")
    by = lambda context: lambda sock: context.wrap_socket(sock, server_side=True)
    print(listen(), listen(by(tls)), listen(by(mutual)), listen(kind=Proxy),
          listen(by(proxy), Proxy), listen(lambda sock: Records(sock, tls)), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
