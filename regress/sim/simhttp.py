"""What both simulators share: an HTTP/1.1 server that can misbehave on request."""

import argparse
import json
import os
import select
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit


class Hangup(Exception):
    """Ends the connection at once, whatever was already sent."""


class BadCommand(Exception):
    """A control command that makes no sense; answered with 400."""


class Fault:
    def __init__(self, kind, match="", method=None, watch=None, count=1, **detail):
        self.kind, self.match, self.method, self.watch = kind, match, method, watch
        self.count, self.detail = int(count), detail

    def get(self, name, default):
        return self.detail.get(name, default)


class Faults:
    """Faults waiting for a request that they fit. A count of -1 never ends."""

    def __init__(self, kinds):
        self.kinds = kinds
        self.lock = threading.Lock()
        self.waiting = []
        self.cleared = threading.Event()

    def add(self, kind, **options):
        if kind not in self.kinds:
            raise BadCommand(f"no fault {kind!r}; there are {', '.join(sorted(self.kinds))}")
        with self.lock:
            self.waiting.append(Fault(kind, **options))

    def clear(self):
        with self.lock:
            self.waiting = []
            self.cleared.set()
            self.cleared = threading.Event()

    def take(self, kinds, target, method="GET", watch=False):
        """The first fault of these kinds for this request, used up by one."""
        with self.lock:
            for fault in self.waiting:
                if (fault.kind in kinds and fault.match in target
                        and fault.method in (None, method)
                        and fault.watch in (None, watch)):
                    if fault.count > 0:
                        fault.count -= 1
                        if fault.count == 0:
                            self.waiting.remove(fault)
                    return fault
        return None

    def until_cleared(self, seconds=None):
        """Waits; true when the faults were cleared before the time was over."""
        with self.lock:
            cleared = self.cleared
        return cleared.wait(seconds)


class SimServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, handler, sim, tls=None, verbose=False):
        self.sim, self.tls, self.verbose = sim, tls, verbose
        super().__init__(address, handler)

    def finish_request(self, request, client_address):
        # The handshake happens here, in the connection's own thread, so that
        # a client that connects and says nothing holds up nobody else.
        if self.tls:
            request.settimeout(20)
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except OSError:
                return
            request.settimeout(None)
        try:
            super().finish_request(request, client_address)
        finally:
            self.shutdown_request(request)

    def handle_error(self, request, client_address):
        if self.verbose or not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class SimHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer_request(self):
        raise NotImplementedError

    def handle_request_safely(self):
        url = urlsplit(self.path)
        self.url_path = unquote(url.path)
        self.query_string = url.query
        self.query = dict(parse_qsl(url.query, keep_blank_values=True))
        try:
            self.body = self.read_body()
            if self.url_path.startswith("/sim/"):
                self.answer_control()
            else:
                self.answer_request()
        except Hangup:
            self.hang_up()
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request_safely

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer_control(self):
        command = self.url_path[len("/sim/"):]
        method = getattr(self.server.sim, "sim_" + command, None)
        try:
            if method is None:
                raise BadCommand(f"no command {command!r}")
            answer = method(**(json.loads(self.body) if self.body else {}))
        except (BadCommand, TypeError, ValueError, KeyError) as error:
            self.send_json(400, {"error": f"{type(error).__name__}: {error}"})
        else:
            self.send_json(200, {} if answer is None else answer)

    def send_json(self, code, value, headers=()):
        self.send_body(code, "application/json", json.dumps(value).encode(), headers)

    def send_body(self, code, content_type, body, headers=(), length=None):
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def start_chunks(self, content_type="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    @staticmethod
    def chunk(data):
        return b"%x\r\n%b\r\n" % (len(data), data)

    def client_is_gone(self):
        """True when the client closed a connection on which we only send."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.setblocking(False)
            try:
                return not self.connection.recv(1)
            except (ssl.SSLWantReadError, BlockingIOError):
                return False
            finally:
                self.connection.setblocking(True)
        return not self.connection.recv(1, socket.MSG_PEEK)

    def hang_up(self, reset=False):
        self.close_connection = True
        try:
            if reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def log_message(self, form, *args):
        if self.server.verbose:
            sys.stderr.write("%s %s\n" % (self.log_date_time_string(), form % args))


def common_arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--port-file", help="written once listening")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--cert", help="PEM chain; speaks TLS")
    parser.add_argument("--key", help="PEM key that goes with --cert")
    parser.add_argument("--lifeline", action="store_true",
                        help="end when standard input does")
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser


def tls_context(cert, key, client_ca=None):
    if not cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def serve(args, handler, sim, client_ca=None):
    """Runs until SIGTERM."""
    try:
        server = SimServer((args.bind, args.port), handler, sim,
                           tls_context(args.cert, args.key, client_ca), args.verbose)
    except OSError as error:
        sys.exit(f"{args.bind}:{args.port}: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    if args.lifeline:
        threading.Thread(target=end_with_standard_input, daemon=True).start()
    if args.port_file:
        temporary = f"{args.port_file}.{os.getpid()}"
        with open(temporary, "w") as file:
            file.write(f"{server.server_address[1]}\n")
        os.replace(temporary, args.port_file)
    server.serve_forever()


def end_with_standard_input():
    # Whoever started us may die without a word; its end of the pipe tells.
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def timestamp(when=None, milliseconds=False):
    when = time.time() if when is None else when
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when))
    return text + (".%03dZ" % (when % 1 * 1000) if milliseconds else "Z")
