"""Who may open the page: the address it listens on, the names it answers to, and what it asks for."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from workbench.errors import WorkbenchError

LOCAL: Final = ("127.0.0.1", "localhost", "::1")
SHORTEST_PASSWORD: Final = 8  # characters
LARGEST_PASSWORD_FILE: Final = 10_000  # bytes
_NAME: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


@dataclass(frozen=True)
class Access:
    """How the page is served.

    Attributes:
        host: Address to listen on.
        allowed_hosts: Names, lower case and without port, that requests may be addressed to besides this machine's own.
        password: What is asked for; None where there is none.
        link: Whether a one-time link is printed, with which a browser signs in.
        root_path: Where a proxy shows the page: a path such as /speech, or a whole address; empty for the root.
    """

    host: str = "127.0.0.1"
    allowed_hosts: tuple[str, ...] = ()
    password: str | None = None
    link: bool = False
    root_path: str = ""

    @classmethod
    def make(
        cls,
        host: str = "127.0.0.1",
        *,
        allowed_hosts: Sequence[str] = (),
        password_file: Path | None = None,
        insecure: bool = False,
        root_path: str = "",
    ) -> "Access":
        """Judge what was given on the command line.

        Args:
            insecure: Ask for nothing, though others in the network can open the page.

        Raises:
            WorkbenchError: A name, the password's file or the root path cannot be used.
        """
        if password_file is not None and insecure:
            raise WorkbenchError("--password-file and --insecure contradict each other; give one of them.")
        root = _checked_root(root_path)
        names = [_checked_name(name) for name in allowed_hosts]
        if "://" in root:
            names.append(_checked_name(urlsplit(root).netloc))
        password = None if password_file is None else read_password(password_file)
        link = password is None and host not in LOCAL and not insecure
        return cls(host, tuple(dict.fromkeys(names)), password, link, root)

    @property
    def asks(self) -> bool:
        """Whether a browser has to sign in."""
        return self.link or self.password is not None

    @property
    def prefix(self) -> str:
        """The path that a proxy shows the page under, without a slash at its end."""
        return (urlsplit(self.root_path).path if "://" in self.root_path else self.root_path).rstrip("/")


def read_password(path: Path) -> str:
    """The password in a file: its first line.

    Raises:
        WorkbenchError: There is no such file, or what it holds is too short to be one.
    """
    try:
        if not path.is_file():
            raise WorkbenchError(f"The password's file {path} is no file; write the password into one, a line of text.")
        with path.open("rb") as file:
            found = file.read(LARGEST_PASSWORD_FILE).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "it is no UTF-8 text"
        raise WorkbenchError(f"The password's file {path} cannot be read ({reason}); check its path and rights.") from e
    password = found[0].strip() if found else ""
    if len(password) < SHORTEST_PASSWORD:
        raise WorkbenchError(
            f"The password in {path} has {len(password)} characters; take at least {SHORTEST_PASSWORD}, on one line."
        )
    return password


def hostname(netloc: str) -> str:
    """The host of "host:port" or "[::1]:port", in lower case and without brackets; empty where it is none."""
    try:
        split = urlsplit(f"//{netloc}")
        _ = split.port  # raises where it is no number
    except ValueError:
        return ""
    plain = split.hostname or ""
    return plain if not (split.username or split.path or split.query or "@" in netloc) else ""


def address(host: str) -> str | None:
    """The host as an IP address in its shortest form; None for a name."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None


def _checked_name(given: str) -> str:
    name = hostname(given.strip())
    if not name or not (_NAME.fullmatch(name) or address(name)):
        raise WorkbenchError(
            f"--allowed-host '{given}' is no host name; write it as it stands in the browser's address, for instance "
            "speech.example.org."
        )
    return name


def _checked_root(given: str) -> str:
    root = given.strip().rstrip("/")
    whole = root.startswith(("http://", "https://"))
    path = urlsplit(root).path if whole else root
    fine = re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path) and ".." not in path
    if not fine or (whole and not hostname(urlsplit(root).netloc)):
        raise WorkbenchError(
            f"--root-path '{given}' is neither a path such as /speech nor an address such as "
            "https://example.org/speech; write one of these."
        )
    return root
