"""Transfer learning in speech recognition, on one page; and its figures as tables, for notebooks.

    import workbench
    tested = workbench.results("run-3", workspace="my-workspace")
    tested.groupby("speaker")[["base_errors", "adapted_errors", "reference_words"]].sum()

Importing this loads nothing else: pandas and all the rest come with the first table.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from workbench.services.workbench import Workbench

__version__ = "0.2.0"
__all__ = ["__version__", "results", "runs"]


def results(
    run: str, *, workspace: str | os.PathLike[str] | None = None, normalizer: str | None = None
) -> "pd.DataFrame":
    """The clips that a run was tested on, one a row; see `services/results/tables.py` for the columns.

    Args:
        run: For instance "run-3".
        workspace: Its folder; else the environment's WORKBENCH_HOME; else the system's place for user data.
        normalizer: The text rules to score by; else the run's own.

    Raises:
        WorkbenchError: No such workspace, run or normalizer, or the run has measured nothing yet.
    """
    from workbench.services.results.tables import clip_table

    with _opened(workspace) as bench:
        return clip_table(bench.store, bench.comparing, run, normalizer=normalizer)


def runs(set_name: str | None = None, *, workspace: str | os.PathLike[str] | None = None) -> "pd.DataFrame":
    """The runs with their figures, one a row, newest first; of one set where it is named.

    Args:
        workspace: As of `results`.

    Raises:
        WorkbenchError: No such workspace or set.
    """
    from workbench.services.results.tables import run_table

    with _opened(workspace) as bench:
        return run_table(bench.history.entries(set_name))


@contextmanager
def _opened(root: str | os.PathLike[str] | None) -> "Iterator[Workbench]":
    """A workspace that is there: who only asks makes no new one by a slip of the pen."""
    from workbench.services.workbench import Workbench
    from workbench.workspace import Workspace

    Workspace.refuse_missing(root)
    bench = Workbench.open(root)
    try:
        yield bench
    finally:
        bench.close()
