"""A Lambda sandbox for tests: the Runtime API on loopback, with the real bootstrap as its process."""

import http.server
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import zipfile


# What the program is started by, where the machine cannot run it itself.
RUNNER = []


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A bootstrap that a test kills takes its connections with it.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Sandbox:
    """Runs `bootstrap` out of a zip. invoke() gives the answer's path and body, and how long it took."""

    def __init__(self, zip_path, environment, invocation_ids=True):
        self.folder = tempfile.TemporaryDirectory()
        with zipfile.ZipFile(zip_path) as packed:
            packed.extractall(self.folder.name)
        self.program = os.path.join(self.folder.name, "bootstrap")
        os.chmod(self.program, 0o755)
        self.events, self.answers = queue.Queue(), queue.Queue()
        self.invocation_ids, self.number, self.process = invocation_ids, 0, None
        sandbox = self

        class Api(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def log_message(self, *_):
                pass

            def do_GET(self):
                event = sandbox.events.get()
                if event is None:
                    self.send_error(500)
                    return
                number, body, deadline_ms = event
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{number}")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline_ms))
                if sandbox.invocation_ids:
                    self.send_header("Lambda-Runtime-Invocation-Id", f"invocation-{number}")
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sandbox.answers.put((time.monotonic(), self.path, dict(self.headers), body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = Server(("127.0.0.1", 0), Api)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.environment = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}", "AWS_REGION": "us-east-1",
                            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret", **environment}
        self.log = tempfile.TemporaryFile(mode="w+")

    def start(self):
        self.process = subprocess.Popen([*RUNNER, self.program], env=self.environment, stdout=self.log, stderr=self.log)

    def put(self, body, seconds=30):
        self.number += 1
        self.events.put((self.number, body, int((time.time() + seconds) * 1000)))

    def answer(self, timeout=60):
        return self.answers.get(timeout=timeout)

    def invoke(self, body, seconds=30):
        if self.process is None or self.process.poll() is not None:
            self.start()
        self.put(body, seconds)
        return self.answer(seconds + 30)

    def peak_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def output(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def close(self):
        self.kill()
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()
        self.log.close()
        self.folder.cleanup()
