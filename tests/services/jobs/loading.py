"""A process that loads for so long that it has to be ended: `python -m tests.services.jobs.loading FILE STEPS`."""

import sys
import time
from pathlib import Path
from typing import Any

from workbench.services.jobs.beside import END_SECONDS, Stopped, Tell, report
from workbench.services.jobs.stop import StopRequested


def load(left: Path, steps: int, tell: Tell, stopped: Stopped) -> dict[str, Any]:
    """Say so many steps, then import; the file says how that ended."""
    for number in range(steps):
        tell({"number": number})
    end = time.monotonic() + 2 * END_SECONDS
    try:
        while time.monotonic() < end:
            time.sleep(0.01)
            if steps > 1 and stopped():
                raise StopRequested
        return {}
    except BaseException as e:
        left.write_text(type(e).__name__)
        raise


if __name__ == "__main__":
    report(lambda tell, stopped: load(Path(sys.argv[1]), int(sys.argv[2]), tell, stopped))
