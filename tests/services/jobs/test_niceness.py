"""The processes beside the page stand back behind it."""

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from workbench.errors import WorkbenchError
from workbench.services.inference.process import ModelProcess
from workbench.services.jobs.niceness import LISTENING, WORKING

ROOT = Path(__file__).parents[3] / "workbench" / "services"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="niceness is POSIX's")


def nice_after(*niceness: int) -> int:
    calls = "".join(f"stand_back({n})\n" for n in niceness)
    program = f"import os\nfrom workbench.services.jobs.niceness import stand_back\n{calls}print(os.nice(0))"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(out.stdout)


def test_a_process_stands_back_as_far_as_asked_and_never_forward() -> None:
    here = psutil.Process().nice()
    assert nice_after() == here
    assert nice_after(WORKING) == nice_after(WORKING, WORKING) == nice_after(WORKING, 0) == max(here, WORKING)
    assert nice_after(here) == here


@pytest.mark.slow
def test_the_process_that_listens_for_the_page_does_so(workspace) -> None:
    process = ModelProcess(workspace)
    with pytest.raises(WorkbenchError):  # there is no such run; the process lives
        process.ask({"do": "hear", "model": "run-1", "clips": [], "language": None})
    assert process._process is not None
    assert psutil.Process(process._process.pid).nice() == max(psutil.Process().nice(), LISTENING)
    process.close()


@pytest.mark.parametrize(
    ("module", "niceness"),
    [("worker.py", "WORKING"), ("inference/server.py", "LISTENING"), ("models/process.py", "WORKING")],
)
def test_each_of_them_begins_by_standing_back(module: str, niceness: str) -> None:
    begins = (ROOT / module).read_text(encoding="utf-8").partition('if __name__ == "__main__":')[2]
    assert re.search(rf"stand_back\({niceness}\)", begins)
