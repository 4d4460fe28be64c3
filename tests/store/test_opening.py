"""What cannot be opened is told at once, in one sentence with its remedy, by Store and command line alike."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.small_disk import small_disk
from tests.store.schemas import make_earlier
from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench
from workbench.store.backups import copy_named
from workbench.store.database import Store
from workbench.workspace import Workspace

pytestmark = pytest.mark.timeout(60)  # well under one wait for a lock that never comes
NOBODY = 65534

Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "garbage": lambda content: b"this is no database" * 400,
    "a few bytes": lambda content: content[:7],
    "no header": lambda content: b"\0" * 100 + content[100:],
    "half a page": lambda content: content[:700],
    "the schema's page": lambda content: content[:100] + b"\xff" * 3000 + content[3100:],
}


@pytest.fixture
def used(workspace: Workspace) -> Workspace:
    """A workspace with rows and a backup of them."""
    make_earlier(workspace, "0008")
    Store.open(workspace).close()
    copy_named(workspace, "before-0008")
    return workspace


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_database(used: Workspace, damage: Damage) -> None:
    used.database.write_bytes(damage(used.database.read_bytes()))
    left = used.database.read_bytes()
    with pytest.raises(WorkbenchError, match=r"damaged.*newest backup.*12 clips.*workbench recover --from") as e:
        Workbench.open(used.root)
    assert "\n" not in str(e.value)
    assert used.database.read_bytes() == left


def test_damage_that_shows_later_is_told_too(used: Workspace) -> None:
    store = Store.open(used)
    store.close()
    content = bytearray(used.database.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    used.database.write_bytes(content)
    with pytest.raises(WorkbenchError, match=r"damaged.*workbench recover"):
        Workbench.open(used.root).collecting.sets()


def test_the_command_line_says_one_sentence(used: Workspace) -> None:
    used.database.write_bytes(b"this is no database" * 400)
    done = subprocess.run(
        [sys.executable, "-c", "from workbench.cli import main; main()", "--workspace", str(used.root), "sets"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "Traceback" not in done.stderr
    assert "workbench recover" in done.stderr


def as_nobody(act: Callable[[], object]) -> str:
    """What a process without root's rights is told; empty where it is let in."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            act()
        except WorkbenchError as e:
            os.write(into, str(e).encode())
        except BaseException as e:
            os.write(into, f"not told: {e!r}".encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


@pytest.fixture
def visited(used: Workspace) -> Iterator[Workspace]:
    """The same where another user may look at it, and write all of it."""
    root = Path(tempfile.mkdtemp(dir="/tmp"))
    root.chmod(0o755)
    shutil.copytree(used.root, root / "w")
    for path in [root / "w", *(root / "w").rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    yield Workspace(root / "w")
    shutil.rmtree(root)


def open_all(root: Path) -> Callable[[], object]:
    return lambda: Store.open(Workspace.open(root)).close()


def test_a_writable_one_opens_for_anybody(visited: Workspace) -> None:
    assert as_nobody(open_all(visited.root)) == ""


@pytest.mark.parametrize("folder", ["", "clips"])
def test_a_read_only_folder(visited: Workspace, folder: str) -> None:
    (visited.root / folder).chmod(0o555)
    said = as_nobody(open_all(visited.root))
    assert "may only be read" in said
    assert "--workspace" in said


def test_a_read_only_database(visited: Workspace) -> None:
    visited.database.chmod(0o444)
    assert "workbench.db may only be read" in as_nobody(open_all(visited.root))


def test_a_lock_of_somebody_else(visited: Workspace) -> None:
    (visited.root / ".migrate.lock").chmod(0o400)
    said = as_nobody(open_all(visited.root))
    assert said
    assert "not told" not in said


def test_a_disk_that_is_mounted_for_reading(used: Workspace, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        shutil.copytree(used.root, disk / "w")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(WorkbenchError, match="may only be read"):
            Workspace.open(disk / "w")
        with pytest.raises(WorkbenchError, match="may only be read"):
            Store.open(Workspace(disk / "w"))


# Closing a connection of SQLite's while another thread asks it ends the whole process, hence one of its own.
CLOSED_WHILE_ASKED = """
import sys, threading
from pathlib import Path
from workbench.store.database import Store
from workbench.workspace import Workspace
store, over = Store.open(Workspace.open(Path(sys.argv[1]))), threading.Event()
def ask():
    while not over.is_set():
        store.version()
askers = [threading.Thread(target=ask) for _ in range(3)]
for asker in askers:
    asker.start()
for _ in range(500):
    store.close()
over.set()
for asker in askers:
    asker.join()
"""


def test_a_store_may_be_closed_while_a_page_still_asks(tmp_path: Path) -> None:
    program = [sys.executable, "-c", CLOSED_WHILE_ASKED, str(tmp_path / "asked")]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0, ran.stderr
