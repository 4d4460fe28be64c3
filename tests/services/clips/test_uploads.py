"""Files that browsers sent: whose they are, how long they stay, what they are called."""

import os
from pathlib import Path, PurePath

import pytest

from workbench.services.clips.uploads import Upload, Uploads, fit_name
from workbench.workspace import Workspace


@pytest.fixture
def uploads(workspace: Workspace) -> Uploads:
    made = Uploads(workspace)
    made.clear()
    return made


def send(uploads: Uploads, page: str, *names: str) -> list[Upload]:
    folder = uploads.folder(page)
    received = []
    for number, name in enumerate(names):
        path = folder / f"tmp{number}"
        path.write_bytes(name.encode())
        received.append((path, name))
    return uploads.keep(page, folder, received)


def test_an_upload_is_found_by_its_handle_and_its_page_alone(uploads: Uploads) -> None:
    (mine,) = send(uploads, "p1", "a.wav")
    assert uploads.find(mine.handle, "p1") == mine
    assert uploads.find(mine.handle, "p2") is None
    assert uploads.find(str(mine.path), "p1") is None
    assert mine.path.read_bytes() == b"a.wav"


def test_two_files_of_one_name_stay_two(uploads: Uploads) -> None:
    one, two = send(uploads, "p", "a.wav", "a.wav")
    assert one.path != two.path
    assert one.name == two.name == "a.wav"


def test_what_is_being_imported_outlives_its_page(uploads: Uploads) -> None:
    kept = send(uploads, "p", "a.wav", "b.wav")
    with uploads.taken([upload.path for upload in kept]) as taken:
        uploads.forget("p")
        assert [(path.read_bytes(), name) for path, name in taken.files] == [(b"a.wav", "a.wav"), (b"b.wav", "b.wav")]
    assert not any(path.exists() for path, _ in taken.files)
    assert list(uploads.root.iterdir()) == []


def test_what_was_given_back_is_there_again_and_can_be_taken_again(uploads: Uploads) -> None:
    (kept,) = send(uploads, "p", "a.eaf")
    with uploads.taken([str(kept.path)]) as taken:
        assert uploads.find(kept.handle) is None
        back = taken.give_back()
    assert back == [str(kept.path)]
    assert uploads.find(kept.handle) == kept
    with uploads.taken(back) as taken:
        assert len(taken.files) == 1


def test_a_failed_import_leaves_no_upload(uploads: Uploads) -> None:
    (kept,) = send(uploads, "p", "a.wav")
    with pytest.raises(RuntimeError), uploads.taken([kept.path]):
        raise RuntimeError
    assert [p for p in uploads.root.rglob("*") if p.is_file()] == []


def test_nothing_elsewhere_is_taken_and_what_is_gone_is_passed_over(uploads: Uploads, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"x")
    link = uploads.root / "link.wav"
    link.symlink_to(secret)
    with uploads.taken([secret, link, uploads.root / "gone.wav", uploads.root / ".." / ".." / "x"]) as taken:
        assert taken.files == []
    assert secret.exists()


def test_an_upload_named_twice_is_taken_once(uploads: Uploads) -> None:
    one, two = send(uploads, "p", "a.wav", "b.wav")
    with uploads.taken([one.path, str(one.path), two.path]) as taken:
        assert [name for _, name in taken.files] == ["a.wav", "b.wav"]


def test_what_another_event_takes_meanwhile_is_passed_over(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = send(uploads, "p", "a.wav", "b.wav")
    replace = os.replace

    def slow(source: Path, target: Path) -> None:
        if source == one.path:
            one.path.unlink()  # two clicks, or two tabs
        replace(source, target)

    monkeypatch.setattr(os, "replace", slow)
    with uploads.taken([one.path, two.path]) as taken:
        assert [name for _, name in taken.files] == ["b.wav"]


def test_forgetting_many_uploads_compares_each_once(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others wait for the lock: thousands of uploads must not be compared with thousands."""
    kept = send(uploads, "p", *(f"{n}.wav" for n in range(60)))
    compared = 0
    equal = PurePath.__eq__

    def counted(self: PurePath, other: object) -> bool:
        nonlocal compared
        compared += 1
        return equal(self, other)

    with uploads.taken([upload.path for upload in kept]):
        monkeypatch.setattr(PurePath, "__eq__", counted)
    monkeypatch.undo()
    assert compared < 20 * len(kept)
    assert not any(uploads.find(upload.handle) for upload in kept)


def test_a_new_server_begins_with_none(uploads: Uploads) -> None:
    send(uploads, "p", "a.wav")
    uploads.clear()
    assert list(uploads.root.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a.wav", "a.wav"),
        ("C:\\voice\\a.wav", "a.wav"),
        ("../../etc/passwd", "passwd"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("Grün (1) – ᎣᏏᏲ.wav", "Grün (1) – ᎣᏏᏲ.wav"),
        ("a\x00b\n.wav", "a_b_.wav"),
        ("what?.wav", "what_.wav"),
        ("ä" * 300 + ".flac", "ä" * 97 + ".flac"),
        ("x." + "y" * 400, "x." + "y" * 198),
        ("\ud800.wav", "_.wav"),
    ],
)
def test_a_name_fits_every_file_system_and_stays_what_it_was(written: str, name: str) -> None:
    assert fit_name(written) == name
