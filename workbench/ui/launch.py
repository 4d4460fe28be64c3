"""Serves the page: on this machine only unless told otherwise, without telemetry, uploads inside the workspace."""

import logging
import os
import socket
import threading
import time
import webbrowser
from contextlib import closing
from typing import TYPE_CHECKING, Final

from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench

if TYPE_CHECKING:
    from fastapi import FastAPI

LOCAL: Final = ("127.0.0.1", "localhost", "::1")
DEFAULT_PORT: Final = 7860
LARGEST_UPLOAD: Final = "500mb"
START_LIMIT_S: Final = 60.0
HOUR_S: Final = 3600.0
WARM_UP_AFTER_S: Final = 4.0  # the first page goes first


def make_app(workbench: Workbench) -> "FastAPI":
    """The web application: the clips' sounds and pictures by id, and the page at the root."""
    uploads = workbench.workspace.temporary / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    # Read by Gradio while it builds the page and on every upload.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    # Gradio would summarise its timings with pandas after every event; nobody reads them here.
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"
    import gradio as gr
    from fastapi import FastAPI

    from workbench.ui.page import build
    from workbench.ui.parts import STATIC, static
    from workbench.ui.recordings import add_recording_routes
    from workbench.ui.routes import add_routes
    from workbench.ui.theme import theme

    app = FastAPI(title="Speech Workbench", docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app, workbench)
    add_recording_routes(app, workbench)
    return gr.mount_gradio_app(
        app,
        build(workbench),
        path="/",
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
        css_paths=sorted(STATIC.glob("*.css")),
        js=static("page.js"),
        head="<meta name='viewport' content='width=device-width, initial-scale=1'>",
    )


def serve(
    workbench: Workbench, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT, open_browser: bool = False
) -> None:
    """Serve the page until the process is interrupted.

    Args:
        host: Address to listen on; other than this machine's own, anyone in the network can open the page.
        port: 0 takes a free one.

    Raises:
        WorkbenchError: The port is taken, or the address is not this machine's.
    """
    server = Server(workbench, host=host, port=port)
    print(f"Building the page over {workbench.workspace.root} …", flush=True)
    with server:
        print(f"Speech Workbench is open at {server.url}  (Ctrl+C ends it)", flush=True)
        if host not in LOCAL:
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
    """Get ready to draw, then erase for good what was deleted long enough ago, now and every hour."""
    time.sleep(WARM_UP_AFTER_S)
    try:
        workbench.picturing.warm_up()
    except Exception:  # the thread's boundary; the first picture will say what is wrong
        logging.getLogger(__name__).exception("getting ready to draw failed")
    while True:
        try:
            workbench.collecting.erase_expired()
            workbench.history.erase_expired()
        except Exception:  # the thread's boundary; the next hour tries again
            logging.getLogger(__name__).exception("erasing expired clips failed")
        time.sleep(HOUR_S)


class Server:
    """The page in a thread of this process: a context manager, for `serve` and for tests."""

    def __init__(self, workbench: Workbench, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.workbench, self.host = workbench, host
        self._socket = _listen(host, port)
        self.port = int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def __enter__(self) -> "Server":
        import uvicorn

        config = uvicorn.Config(make_app(self.workbench), log_level="warning", timeout_graceful_shutdown=2, ws="none")
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
        self._thread.join(timeout=10)
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a taken port is said before anything is built."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as e:
        with closing(made):
            raise WorkbenchError(
                f"The page cannot be served at {host}, port {port} ({e.strerror}); choose another one."
            ) from e
    return made
