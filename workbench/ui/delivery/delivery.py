"""What the page is sent in place of what Gradio would send: joined scripts and sheets, its own scripts, small fonts."""

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from workbench.atomic import write_json
from workbench.ui.delivery import bundle, mends, module
from workbench.ui.delivery.bundle import ENTRY, SHEET, Bundle, join
from workbench.ui.delivery.files import File, Files, hashed
from workbench.ui.delivery.module import NotJoinable
from workbench.ui.kit.fonts import fonts
from workbench.ui.kit.scripts import script
from workbench.ui.kit.sheet import sheet

KEPT_IN: Final = "page"  # a folder of the workspace's cache
# Tells the height of a page to one that frames it; nothing frames this one.
FRAMED: Final = re.compile(r"<script>(?:(?!</script>).)*iframeResizer\.contentWindow(?:(?!</script>).)*</script>", re.S)

SETTINGS: Final = "window.gradio_config = "

log = logging.getLogger(__name__)


class Delivery:
    """Files that are sent from memory, and a page that asks for them.

    Args:
        joined: Gradio's own files, joined; None where they are served as they are.
    """

    def __init__(self, joined: Bundle | None) -> None:
        self._bundle = joined
        programs, looks = script().encode("utf-8"), sheet().encode("utf-8")
        self._programs, self._looks = f"programs-{hashed(programs)}.js", f"looks-{hashed(looks)}.css"
        self._fonts = fonts()
        lasting = {self._programs: programs, self._looks: looks, **self._fonts}
        changing: dict[str, bytes] = {}
        if joined is not None:
            lasting |= _encoded(joined.files)
            changing = _encoded(joined.instead)
        self._files = Files(_placed(lasting), _placed(changing))

    def find(self, path: str) -> File | None:
        """The file under a path; None where Gradio's own is served."""
        return self._files.find(path)

    def rewrite(self, html: str) -> str:
        """Gradio's page, asking for these files and no longer for those that they stand for."""
        head = [f'<script defer src="./assets/{self._programs}"></script>']
        for name in self._fonts:
            head.append(f'<link rel="preload" as="font" type="font/woff2" crossorigin href="./assets/{name}">')
        html = FRAMED.sub("", html)
        if self._bundle is not None:
            ahead = f'<link rel="modulepreload" crossorigin href="./assets/{self._bundle.script}">'
            html = ENTRY.sub(lambda found: ahead + found[0], html, count=1)
            html = SHEET.sub(f'<link rel="stylesheet" crossorigin href="./assets/{self._bundle.sheet}">', html, count=1)
        html = html.replace('<script type="module"', "".join(head) + '<script type="module"', 1)
        looks = [f"./assets/{self._looks}", *_theme(html)]
        html = html.replace(
            "</head>", "".join(f'<link rel="stylesheet" href="{each}">' for each in looks) + "</head>", 1
        )
        return _sooner_read(html)


def _theme(html: str) -> list[str]:
    """Where Gradio's script would ask for the theme, and wait for it before it draws."""
    config = _config(html)
    return [f"{config['root']}/theme.css?v={config['theme_hash']}"] if config else []


def _sooner_read(html: str) -> str:
    """The page with its settings as a string of JSON, which browsers read in half the time that a script takes."""
    config = _config(html)
    if not config:
        return html
    start = html.index(SETTINGS) + len(SETTINGS)
    _, length = json.JSONDecoder().raw_decode(html[start:])
    told = json.dumps(json.dumps(config, separators=(",", ":"))).replace("<", "\\u003c")
    return f"{html[:start]}JSON.parse({told}){html[start + length :]}"


def _config(html: str) -> dict[str, Any]:
    """The page's settings as they stand in it; empty where they stand there otherwise."""
    try:
        found: dict[str, Any] = json.JSONDecoder().raw_decode(html[html.index(SETTINGS) + len(SETTINGS) :])[0]
        return found
    except ValueError:
        return {}


def delivery(blocks: Any, cache: Path) -> Delivery:
    """What is sent of a page.

    Args:
        blocks: The page's Gradio application.
        cache: A folder in which what was joined is kept for the next start.
    """
    import gradio

    folder = Path(gradio.__file__).parent / "templates" / "frontend"
    kinds = sorted({block.get_block_name() for block in blocks.blocks.values()})
    try:
        return Delivery(_joined(folder, kinds, cache / KEPT_IN, gradio.__version__))
    except (NotJoinable, OSError):
        log.warning("this Gradio's files are served as they are, because they could not be joined", exc_info=True)
        return Delivery(None)


def _joined(folder: Path, kinds: Iterable[str], cache: Path, version: str) -> Bundle:
    index = (folder / "index.html").read_text(encoding="utf-8")
    how = [Path(source.__file__ or "").read_text(encoding="utf-8") for source in (bundle, mends, module)]
    key = hashed(json.dumps([version, index, [*kinds], how]).encode("utf-8"))
    kept = cache / f"{key}.json"
    try:
        return Bundle(**json.loads(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        made = join(folder / "assets", index, kinds)
    _keep(made, kept)
    return made


def _keep(made: Bundle, place: Path) -> None:
    """For the next start; without it that takes half a second longer."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for old in place.parent.glob("*.json"):
            old.unlink()
        write_json(place, asdict(made))
    except OSError:
        log.info("what was joined could not be kept", exc_info=True)


def _encoded(texts: Any) -> dict[str, bytes]:
    return {name: text.encode("utf-8") for name, text in texts.items()}


def _placed(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"/assets/{name}": content for name, content in files.items()}
