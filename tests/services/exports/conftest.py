"""A run of a tiny random model that has learned something: what leaves the workspace is the same for a large one."""

from collections.abc import Iterator

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import execute, import_tones, prepare
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, str]]:
    """A workspace with a run that has learned something, once for all; what tests change they change back."""
    root = tmp_path_factory.mktemp("push")
    bench = Workbench.open(root / "workspace")
    import_tones(bench, root / "tones", range(24), "tones")
    with pytest.MonkeyPatch.context() as patch:
        spec = bench.catalog.resolve(str(save_model(root / "tiny", "wav2vec2-layer")))
        run = prepare(bench, patch, spec, "tones", folds=0)
        execute(bench, run)
    with bench.store.session() as session:
        row = find_run(session, run)
        row.result = {**row.result, "base_delivered": False}  # a few updates of a random model may be no better
    yield bench, run
    bench.close()
