"""Work beside the server stops at its next step, and at once while it is being loaded."""

import threading
from pathlib import Path
from typing import Any

import pytest

from workbench.services.jobs.beside import work_beside
from workbench.services.jobs.stop import StopRequested


@pytest.mark.parametrize(("steps", "ending"), [(1, "KeyboardInterrupt"), (2, "StopRequested")])
def test_what_is_stopped_tidies_up_whether_it_loads_or_works(tmp_path: Path, steps: int, ending: str) -> None:
    left, last = tmp_path / "left", threading.Event()

    def tell(step: dict[str, Any]) -> None:
        if step["number"] == steps - 1:
            last.set()

    with pytest.raises(StopRequested):
        work_beside("tests.services.jobs.loading", [str(left), str(steps)], tell, last.is_set)
    assert left.read_text() == ending, "a process that is killed leaves what it was writing"
