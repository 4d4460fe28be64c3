"""Serves the page: on this machine only unless told otherwise, behind the gate, uploads inside the workspace."""

import json
import logging
import os
import socket
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from workbench.errors import WorkbenchError
from workbench.language.spoken import ENGLISH, ask, spoken
from workbench.services.workbench import Workbench
from workbench.ui.gate.access import LOCAL, Access
from workbench.workspace import SERVING

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

    from workbench.ui.gate.gate import Gate
    from workbench.ui.gate.login import Login

LARGEST_UPLOAD: Final = "500mb"
START_LIMIT_S: Final = 60.0
HOUR_S: Final = 3600.0
WARM_UP_AFTER_S: Final = 4.0  # the first page goes first
MOST_CONNECTIONS: Final = 600  # more than the gate's streams; what comes beyond is told to come again
KEPT_TABS: Final = 500  # more than can be open at once, see the gate's streams; the one that asked last stays longest
QUEUE_S: Final = 0.03  # between two looks; Gradio's thousand a second took 5 % of a core with no page open
QUEUE_PROGRESS_S: Final = 0.2  # the same for the progress of an import; a hundred a second before
UPLOAD_FOLDER: Final = "GRADIO_TEMP_DIR"  # asked by Gradio whenever it judges an upload
SERVED_AT: Final = f"{SERVING}.json"  # beside the lock: where


def make_app(workbench: Workbench, access: Access | None = None, login: "Login | None" = None) -> "Gate":
    """The web application: the clips' sounds and pictures by id, and the page at the root, all behind the gate."""
    access = access or Access()
    workbench.uploads.clear()
    # Read by Gradio while it builds the page and on every upload.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ[UPLOAD_FOLDER] = str(workbench.uploads.root)
    # Gradio would summarise its timings with pandas after every event; nobody reads them here.
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"
    from fastapi import FastAPI

    from workbench.ui.collect.recording_routes import add_recording_routes
    from workbench.ui.delivery.delivery import delivery
    from workbench.ui.delivery.languages import Languages
    from workbench.ui.gate.gate import Gate
    from workbench.ui.gate.login import Login
    from workbench.ui.gate.pages import Pages, page_key
    from workbench.ui.kit.asked import asked_by_event
    from workbench.ui.kit.changes import Changes, add_changes_route
    from workbench.ui.media_routes import add_routes
    from workbench.ui.page import build
    from workbench.ui.voice.voice_routes import add_voice_routes

    ask(asked_by_event)
    app = FastAPI(title="Speech Workbench", docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app, workbench)
    add_recording_routes(app, workbench)
    add_changes_route(app, Changes(workbench.watch.token))
    add_voice_routes(app, workbench)
    own = frozenset(path.split("/")[1] for route in app.routes if (path := getattr(route, "path", "")))
    languages = Languages(lambda: build(workbench), lambda blocks: _mounted(FastAPI(), blocks, access))
    blocks = languages.blocks
    languages.begin(_mounted(app, blocks, access))
    # Gradio checks paths only where its own `launch` has said so; the gate has judged them before.
    blocks.has_launched = True
    return Gate(
        app,
        blocks,
        own=own,
        access=access,
        pages=Pages(page_key(workbench.workspace.root)),
        login=login or Login(access, 0),
        uploads=workbench.uploads,
        delivery=delivery(blocks, workbench.workspace.cache),
        languages=languages,
        begun=lambda: any(not info.archived for info in workbench.collecting.sets()),
    )


def _mounted(app: "FastAPI", blocks: "gr.Blocks", access: Access) -> "FastAPI":
    """An application with a page at its root."""
    import gradio as gr

    from workbench.ui.kit.scripts import call, call_programs
    from workbench.ui.kit.theme import theme

    call_programs(blocks)
    blocks._queue.sleep_when_free, blocks._queue.progress_update_sleep_when_free = QUEUE_S, QUEUE_PROGRESS_S
    # Gradio keeps what it knows of each tab for good, up to this many; its 10,000 would fill the memory.
    blocks.state_session_capacity = KEPT_TABS
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        root_path=access.root_path or None,
        footer_links=[],
        run_history=False,
        allowed_paths=[],  # nothing is served by path
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        js=call("page"),
        i18n=_said_in_english(),
        head="<meta name='viewport' content='width=device-width, initial-scale=1'>",
    )
    # Gradio writes all components down for each tab, for a link that is not offered here, before its first answer.
    sessions: Any = blocks.state_holder
    sessions.blocks = SimpleNamespace(default_config=blocks.default_config, blocks={})
    return app


def _said_in_english() -> "gr.I18n | None":
    """What Gradio says to screen readers and has no word for but in English; None where that is the page's language."""
    import gradio as gr

    from workbench.ui import text

    if spoken() == ENGLISH:
        return None
    return gr.I18n(**{spoken(): {"common.complete": text.COMPLETE, "status.queue_position": text.QUEUED}})


def serve(workbench: Workbench, access: Access, *, port: int, open_browser: bool = False) -> None:
    """Serve the page until the process is interrupted.

    Args:
        port: 0 takes a free one.

    Raises:
        WorkbenchError: The port is taken, the address is not this machine's, or the workspace is served already.
    """
    server = Server(workbench, access=access, port=port)
    print(f"Building the page over {workbench.workspace.root} …", flush=True)
    with server:
        print(f"Speech Workbench is open at {server.url}  (Ctrl+C ends it)", flush=True)
        for skipped in workbench.catalog.skipped:
            print(skipped, flush=True)
        if access.host not in LOCAL and not access.asks:
            print("Everyone who reaches this address can hear and change the clips; there is no password.", flush=True)
        threading.Thread(target=_keep_house, args=(workbench,), daemon=True).start()
        if open_browser:
            webbrowser.open(server.url)
        try:
            while server.running:
                time.sleep(0.3)
        except KeyboardInterrupt:
            print("Closing; runs that are at work go on by themselves.", flush=True)


def _keep_house(workbench: Workbench) -> None:
    """Get ready to draw, then look after the workspace, now and every hour."""
    time.sleep(WARM_UP_AFTER_S)
    try:
        workbench.picturing.warm_up()
    except Exception:  # the thread's boundary; the first picture will say what is wrong
        logging.getLogger(__name__).exception("getting ready to draw failed")
    while True:
        try:
            for notice in workbench.upkeep.look():
                print(notice, flush=True)
        except Exception:  # the thread's boundary; the next hour tries again
            logging.getLogger(__name__).exception("looking after the workspace failed")
        time.sleep(HOUR_S)


@contextmanager
def _without_words() -> Iterator[None]:
    """Open pages hold streams that end when the server does; uvicorn prints a traceback for each."""
    log = logging.getLogger("uvicorn.error")

    def silent(_: logging.LogRecord) -> bool:
        return False

    log.addFilter(silent)
    try:
        yield
    finally:
        log.removeFilter(silent)


class Server:
    """The page in a thread of this process: a context manager, for `serve` and for tests.

    Args:
        access: Who may open the page; this machine's browsers alone by default.

    Raises:
        WorkbenchError: The port is taken, the address is not this machine's, or the workspace is served already.
    """

    def __init__(self, workbench: Workbench, *, access: Access | None = None, port: int = 0) -> None:
        self.workbench, self.access = workbench, access or Access()
        self._lock = _lock_workspace(workbench)
        try:
            self._socket = _listen(self.access.host, port)
        except BaseException:
            self._lock.release()
            raise
        self.port = int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        host = self.access.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def __enter__(self) -> "Server":
        import uvicorn

        from workbench.ui.gate.connections import Impatient
        from workbench.ui.gate.login import Login

        _tell_where(self.workbench, self.url)
        self._folder_before = os.environ.get(UPLOAD_FOLDER)
        login = Login(self.access, self.port, self._show_link)
        config = uvicorn.Config(
            make_app(self.workbench, self.access, login),
            log_level="warning",
            timeout_graceful_shutdown=2,
            ws="none",
            http=Impatient,
            limit_concurrency=MOST_CONNECTIONS,
            server_header=False,
        )
        self._server: uvicorn.Server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_LIMIT_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not self._server.started:
            raise WorkbenchError("The page could not be served; the messages above say why.")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        with _without_words():
            self._thread.join(timeout=10)
        if self._folder_before is not None:  # of another server of this process, which goes on
            os.environ[UPLOAD_FOLDER] = self._folder_before
        self.close()

    def close(self) -> None:
        """Give the port and the workspace free."""
        self._socket.close()
        self._lock.release()

    def _show_link(self, key: str) -> None:
        address = _network_address() if self.access.host in ("0.0.0.0", "::") else None
        where = f"http://{address}:{self.port}" if address else self.url
        if "://" in self.access.root_path:
            where = self.access.root_path
        print(f"Sign in with this link; it holds for one browser: {where}/login?key={key}", flush=True)


def _lock_workspace(workbench: Workbench) -> FileLock:
    """The lock that one server at a time holds.

    Raises:
        WorkbenchError: Another one holds it; says where that is.
    """
    root = workbench.workspace.root
    lock = FileLock(root / SERVING)
    try:
        lock.acquire(timeout=0)
        return lock
    except Timeout as e:
        try:
            served = json.loads((root / SERVED_AT).read_text(encoding="utf-8"))
            where = f"at {served['url']} (process {served['process']})"
        except (OSError, ValueError, KeyError, TypeError):
            where = "by another process"
        raise WorkbenchError(
            f"The workspace {root} is served already, {where}; open that page, end it first, or choose another "
            "--workspace."
        ) from e


def _tell_where(workbench: Workbench, url: str) -> None:
    """For a second server's message; nothing depends on it, so a full disk does not matter."""
    try:
        document = json.dumps({"url": url, "process": os.getpid()})
        (workbench.workspace.root / SERVED_AT).write_text(document, encoding="utf-8")
    except OSError:
        logging.getLogger(__name__).info("where the page is served could not be written down", exc_info=True)


def _network_address() -> str | None:
    """An address of this machine that others in its network reach; None where it has none."""
    import psutil

    found = [a.address for each in psutil.net_if_addrs().values() for a in each if a.family == socket.AF_INET]
    return next((each for each in found if not each.startswith(("127.", "169.254."))), None)


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a taken port is said before anything is built."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Told the protocol, asyncio sends small answers at once; else each waits 40 ms for the other side to acknowledge.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except (OSError, OverflowError) as e:
        with closing(made):
            reason = getattr(e, "strerror", None) or "no such port"
            raise WorkbenchError(
                f"The page cannot be served at {host}, port {port} ({reason}); choose another one."
            ) from e
    return made
