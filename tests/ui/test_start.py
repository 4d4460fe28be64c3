"""Opening the page is light, local and private."""

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

ROOT = Path(__file__).resolve().parents[2]


def test_building_the_page_loads_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom workbench.services.workbench import Workbench\nfrom workbench.ui.launch import make_app\n"
        f"make_app(Workbench.open({str(tmp_path)!r}))\n"
        "print([m for m in ('torch', 'torchaudio', 'transformers', 'librosa', 'matplotlib') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_the_entry_is_short_and_says_a_bad_folder_in_one_sentence(tmp_path: Path) -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) < 40
    file = tmp_path / "file"
    file.touch()
    out = subprocess.run([sys.executable, "app.py", "--workspace", str(file)], capture_output=True, text=True, cwd=ROOT)
    assert out.returncode == 1
    assert "cannot be written" in out.stderr
    assert "Traceback" not in out.stderr


def test_a_taken_port_is_said_before_the_page_is_built(bench: Workbench, tmp_path: Path) -> None:
    first, other = Server(bench), Workbench.open(tmp_path / "other")
    first._socket.listen()
    for _ in range(2):  # and the second workspace is free again afterwards
        with pytest.raises(WorkbenchError, match=f"port {first.port}"):
            Server(other, port=first.port)
    first.close()
    other.close()


def test_it_listens_on_this_machine_only(bench: Workbench) -> None:
    server = Server(bench)
    assert server._socket.getsockname()[0] == "127.0.0.1"
    server.close()
