"""What is known of licences outlives two writers, a broken file, and imports that end halfway."""

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from workbench.errors import WorkbenchError
from workbench.services.clips import import_job
from workbench.services.storage import licences
from workbench.services.storage.licences import FILE, LicencesProblem, licences_of
from workbench.services.workbench import Workbench
from workbench.store.models import ClipRow

SENTENCE = "says under which licences clips are, and cannot be read"


def known(bench: Workbench, name: str = "s") -> list[str]:
    with bench.store.session() as session:
        return licences_of(bench.workspace, session, bench.collecting.set_info(name).id)


def folder(make_wav: Callable[..., Path], name: str, licence: str, clips: int = 1) -> Path:
    """Sounds with what their folder says of them."""
    for n in range(clips):
        path = make_wav(f"{name}/{n}.wav", 0.6, seed=sum(name.encode()) + n).parent
    (path / "licence.txt").write_text(licence)
    return path


def test_clips_of_which_nothing_was_kept_are_unknown_beside_new_ones(
    bench: Workbench, make_wav: Callable[..., Path]
) -> None:
    """As in a workspace of an older release, or one whose file was lost."""
    bench.collecting.import_path(folder(make_wav, "old", "CC-BY-NC-4.0"), "s")
    (bench.workspace.root / FILE).unlink()
    bench.collecting.import_path(folder(make_wav, "new", "CC0-1.0"), "s")
    assert known(bench) == ["", "CC0-1.0"]


def test_an_import_that_ends_halfway_has_said_what_its_clips_are(
    bench: Workbench, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(done: int, total: int, name: str) -> None:
        raise Killed

    monkeypatch.setattr(import_job, "CLIPS_PER_COMMIT", 1)
    with pytest.raises(Killed):
        bench.collecting.import_path(folder(make_wav, "a", "CC-BY-NC-4.0", clips=2), "s", progress=die)
    with bench.store.session() as session:
        assert session.query(ClipRow).count() == 1
    assert known(bench) == ["CC-BY-NC-4.0"]


def test_what_is_there_already_says_nothing(bench: Workbench, make_wav: Callable[..., Path]) -> None:
    path = folder(make_wav, "a", "CC0-1.0")
    bench.collecting.import_path(path, "s")
    (path / "licence.txt").unlink()
    assert bench.collecting.import_path(path, "s").duplicates == 1
    assert known(bench) == ["CC0-1.0"]


def test_what_another_import_writes_meanwhile_is_kept(
    bench: Workbench, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(folder(make_wav, "a", "CC0-1.0"), "s")
    path = bench.workspace.root / FILE

    class Later(FileLock):
        """Got after another writer had it."""

        def __enter__(self) -> "Later":
            path.write_text(path.read_text().replace('"CC0-1.0"', '"CC0-1.0", "CC-BY-4.0"'))
            super().__enter__()
            return self

    monkeypatch.setattr(licences, "FileLock", Later)
    bench.collecting.import_path(folder(make_wav, "b", "CC-BY-SA-4.0"), "s")
    assert known(bench) == ["CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0"]


@pytest.mark.parametrize("broken", ['{"1 2026', "[]", '{"1": ["CC0-1.0"]}', '{"1": {"found": "CC0-1.0"}}', None])
def test_what_cannot_be_read_is_neither_written_over_nor_empty(
    bench: Workbench, make_wav: Callable[..., Path], broken: str | None
) -> None:
    bench.collecting.create_set("s")
    path = bench.workspace.root / FILE
    path.write_text(broken) if broken is not None else path.mkdir()
    for act in (
        lambda: bench.collecting.set_licence("s", "CC0-1.0"),
        lambda: bench.collecting.import_path(folder(make_wav, "a", "CC0-1.0"), "s"),
        lambda: bench.shelf.copy("s", "copy"),
    ):
        with pytest.raises(WorkbenchError, match=SENTENCE):
            act()
    with pytest.raises(LicencesProblem, match=SENTENCE):
        known(bench)
    assert bench.shelf.licence("s") == ""
    assert bench.collecting.set_info("s").clips == 0
    assert [i.name for i in bench.collecting.sets()] == ["s"]
    assert path.is_dir() if broken is None else path.read_text() == broken
