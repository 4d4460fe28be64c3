"""The page as `make app` starts it, and a client that sends requests as they are: a library's would tidy them up."""

import http.client
import json
import re
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A running server."""

    port: int
    lines: list[str] = field(default_factory=list)
    process: "subprocess.Popen[str] | None" = None
    kept: http.client.HTTPConnection | None = None
    workspace: Path = ROOT

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        host: str | None = None,
    ) -> Answer:
        """One request over a connection that is kept; the path goes out as it is.

        Args:
            host: The Host header; the server's own address by default.
        """
        try:
            return self._ask(method, path, body, headers or {}, host)
        except (http.client.RemoteDisconnected, ConnectionError):  # it was closed since the last request
            self.kept = None
            return self._ask(method, path, body, headers or {}, host)
        except BaseException:
            self.kept = None
            raise

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str], host: str | None) -> Answer:
        if self.kept is None:
            self.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        self.kept.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        self.kept.putheader("Host", host if host is not None else f"127.0.0.1:{self.port}")
        for name, value in headers.items():
            self.kept.putheader(name, value.encode("utf-8"))
        if body is not None:
            self.kept.putheader("Content-Length", str(len(body)))
        self.kept.endheaders(body)
        answer = self.kept.getresponse()
        content = answer.read()
        return Answer(answer.status, content, {k.lower(): v for k, v in answer.getheaders()})

    def close(self) -> None:
        """Close the connection that was kept."""
        if self.kept is not None:
            self.kept.close()
            self.kept = None

    def page(self) -> "Tab":
        """Open the page as a browser would."""
        answer = self.ask("GET", "/")
        assert answer.status == 200, answer.body[:300]
        token = re.search(rb'headers\.set\("x-page-token", "([^"]+)"\)', answer.body)
        return Tab(self, token[1].decode() if token else "", answer.body)


@dataclass
class Tab:
    """A page that was opened; where the server gives no token, requests go without one."""

    served: Served
    token: str
    html: bytes
    session: str = field(default_factory=lambda: f"tab{secrets.token_hex(6)}")

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Page-Token": self.token} if self.token else {}

    def post(self, path: str, document: Any, **headers: str) -> Answer:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.served.ask("POST", path, body, {"Content-Type": "application/json", **self.headers, **headers})

    def join(self, function: int, data: list[Any], **more: Any) -> Answer:
        event = {"fn_index": function, "data": data, "session_hash": self.session, "event_data": None, **more}
        return self.post("/gradio_api/queue/join", event)

    def upload(self, *files: tuple[str, bytes]) -> Answer:
        edge = "edge0of0parts"
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'.encode()
            + b"Content-Type: application/octet-stream\r\n\r\n"
            + content
            + b"\r\n"
            for name, content in files
        ]
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self.served.ask("POST", "/gradio_api/upload", body, {**kind, **self.headers})

    def answers(self, n: int = 1) -> list[dict[str, Any]]:
        """The ends of n events that were joined before."""
        query = f"GET /gradio_api/queue/data?session_hash={self.session} HTTP/1.1\r\n"
        head = "".join(f"{k}: {v}\r\n" for k, v in self.headers.items())
        found: list[dict[str, Any]] = []
        with socket.create_connection(("127.0.0.1", self.served.port), timeout=PATIENCE_S) as sock:
            sock.sendall(f"{query}Host: 127.0.0.1:{self.served.port}\r\n{head}\r\n".encode())
            for line in sock.makefile("rb"):
                if line.startswith(b"data: "):
                    message = json.loads(line[6:])
                    if message["msg"] == "process_completed":
                        found.append(message)
                        if len(found) == n:
                            break
        return found


@contextmanager
def started(workspace: Path, *options: str, folder: Path = ROOT) -> Iterator[Served]:
    """`python app.py` over a workspace, on a free port; ended with the block."""
    command = [sys.executable, "app.py", "--workspace", str(workspace), "--port", "0", *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"is open at http://\S+:(\d+)", line):
                break
        else:
            raise AssertionError("".join(lines))
        reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
        reader.start()
        served = Served(int(found[1]), lines, process, workspace=workspace)
        try:
            yield served
        finally:
            served.close()
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join(PATIENCE_S)
            end_workers(workspace)


def end_workers(workspace: Path) -> None:
    """End the processes of a workspace's runs, which outlive its server: a sweep would keep a core busy for minutes."""
    for process in psutil.process_iter(["cmdline"]):
        told = process.info["cmdline"] or []
        if "workbench.services.worker" in told and str(workspace) in told:
            with suppress(psutil.NoSuchProcess):
                process.kill()
