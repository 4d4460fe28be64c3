"""A hub on this machine: what huggingface_hub asks of one to make a repository and to put files into it by a commit."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_" + "stand" + "InToken123456"
RIGHTS = {"hf_readOnly": False, TOKEN: True}


@dataclass
class Repo:
    """A repository with the files of its newest commit."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)


@dataclass
class StandIn:
    """The hub, and what it was asked.

    Attributes:
        asked: Method and path of each request.
        refuse: Path's beginning -> what is answered there in place of the truth; 0 drops the connection.
    """

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)  # by SHA-256, seen by nobody before a commit
    asked: list[str] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)


@contextmanager
def serving() -> Iterator[StandIn]:
    """A hub that answers while the block is at work."""
    hub = StandIn()

    class Handler(_Handler):
        stand_in = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._judge(b"")

    def do_POST(self) -> None:
        self._judge(self._body())

    do_PUT = do_POST

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _judge(self, body: bytes) -> None:
        hub, path = self.stand_in, self.path.partition("?")[0]
        hub.asked.append(f"{self.command} {path}")
        for beginning, status in hub.refuse.items():
            if path.startswith(beginning):
                return self._drop() if status == 0 else self._answer(status, {"error": f"no {self.headers}"})
        if path.startswith("/lfs/"):  # a place for files has addresses of its own and asks for no login
            hub.stored[sha256(body).hexdigest()] = body
            return self._answer(200, {})
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in RIGHTS:
            return self._answer(401, {"error": f"bad token {token}"})
        return self._answer(*self._do(path, body, may_write=RIGHTS[token]))

    def _do(self, path: str, body: bytes, *, may_write: bool) -> tuple[int, dict[str, Any]]:
        hub = self.stand_in
        if path == "/api/whoami-v2":
            return 200, {"name": "ada", "type": "user", "orgs": []}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            return self._create(json.loads(body), may_write=may_write)
        if path.endswith(".git/info/lfs/objects/batch"):
            return 200, {"transfer": "basic", "objects": [self._place(o) for o in json.loads(body)["objects"]]}
        repo, _, verb = path.removeprefix("/api/models/").partition("/preupload/")
        if verb:
            return 200, {"files": [_mode(f) for f in json.loads(body)["files"]]}
        repo, _, verb = path.removeprefix("/api/models/").partition("/commit/")
        if verb:
            return self._commit(repo, body)
        if repo not in hub.repos:
            return 404, {"error": "Repository not found"}
        files = [{"rfilename": name} for name in hub.repos[repo].files]
        return 200, {"id": repo, "modelId": repo, "private": hub.repos[repo].private, "siblings": files, "tags": []}

    def _create(self, wish: dict[str, Any], *, may_write: bool) -> tuple[int, dict[str, Any]]:
        hub, repo = self.stand_in, f"{wish['organization'] or 'ada'}/{wish['name']}"
        hub.created.append(wish)
        if not may_write or not repo.startswith("ada/"):
            return 403, {"error": "You don't have the rights to create a model under this namespace"}
        if repo in hub.repos:
            return 409, {"error": "You already created this model repo"}
        private = wish.get("visibility") == "private" or wish.get("private") is True
        hub.repos[repo] = Repo(private, {".gitattributes": b""})
        return 200, {"url": f"{hub.url}/{repo}"}

    def _place(self, wanted: dict[str, Any]) -> dict[str, Any]:
        known = {"oid": wanted["oid"], "size": wanted["size"]}
        if wanted["oid"] in self.stand_in.stored:
            return known
        return {**known, "actions": {"upload": {"href": f"{self.stand_in.url}/lfs/{wanted['oid']}"}}}

    def _commit(self, name: str, body: bytes) -> tuple[int, dict[str, Any]]:
        repo, oid = self.stand_in.repos[name], "0" * 40
        lines = [json.loads(line) for line in body.splitlines()]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                repo.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                repo.files[value["path"]] = self.stand_in.stored[value["oid"]]
            else:
                repo.commits.append(value["summary"])
        return 200, {"commitUrl": f"{self.stand_in.url}/{name}/commit/{oid}", "commitOid": oid}

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _mode(file: dict[str, Any]) -> dict[str, Any]:
    large = file["path"].endswith(".safetensors")
    return {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": None}
