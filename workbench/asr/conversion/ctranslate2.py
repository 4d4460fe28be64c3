"""CTranslate2's model.bin: an index of its variables first, each variable's numbers when they are asked for.

Version 6 of the container, little endian: u32 version; the specification's name; u32 its revision; u32 number of
variables, and of each its name, u8 rank, u32 sizes, u8 kind, u32 number of bytes, the bytes; u32 number of aliases, two
names each. A name is u16 length with a closing zero byte. Source: `ctranslate2/specs/model_spec.py`.

The file may come from anywhere: every length is held against what the file still has before anything is read by it.
"""

import math
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from workbench.asr.weights.headers import FETCH_AGAIN
from workbench.files import FileProblem, open_regular
from workbench.language.said import say

MODEL_FILE = "model.bin"
VERSION, SPECIFICATION, REVISION = 6, "WhisperSpec", 3
MOST_VARIABLES = 20_000  # whisper-large has 1,300
MOST_NAME = 500  # bytes
MOST_DIMENSIONS = 4
# By the number of their kind; bfloat16, which numpy does not know, is read as the upper half of a float32.
KINDS = (np.float32, np.int8, np.int16, np.int32, np.float16, np.uint16)
BFLOAT16 = 5
QUANTISED = (1, 2)  # int8, int16
SCALE = "_scale"


@dataclass(frozen=True)
class Variable:
    """Where a variable's numbers lie.

    Attributes:
        shape: Of them.
        kind: Place in `KINDS`.
        offset: First byte in the file.
    """

    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * np.dtype(KINDS[self.kind]).itemsize


@dataclass(frozen=True)
class ModelFile:
    """The index of a model.bin.

    Attributes:
        path: The file.
        variables: By name, aliases among them.
    """

    path: Path
    variables: Mapping[str, Variable]

    @property
    def quantised(self) -> bool:
        """Whether weights are whole numbers, which were rounded when the file was made."""
        return any(v.kind in QUANTISED and name + SCALE in self.variables for name, v in self.variables.items())

    def setting(self, name: str, usual: int) -> int:
        """A setting that is one whole number; `usual` where the file does not have it."""
        found = self.variables.get(name)
        if found is None:
            return usual
        if found.shape or found.kind in (0, 4, BFLOAT16):
            raise self.problem(say("says of {name} what is no whole number", name=name))
        return int(self._raw(found))

    def numbers(self, name: str) -> np.ndarray:
        """A variable's numbers, float16 or float32, of its own shape; whole numbers are divided by their scale."""
        found = self.variables[name]
        raw = self._raw(found)
        if found.kind == BFLOAT16:
            return (raw.astype(np.uint32) << 16).view(np.float32)
        if found.kind in QUANTISED:
            return self._scaled(name, raw)
        if found.kind not in (0, 4):
            raise self.problem(say("holds {name} in whole numbers, where weights belong", name=name))
        return raw

    def problem(self, reason: str) -> FileProblem:
        """This file is unusable for this reason."""
        return FileProblem(self.path, reason, FETCH_AGAIN)

    def _scaled(self, name: str, raw: np.ndarray) -> np.ndarray:
        """float16 of quantised weights, whose scales are one for each row, or one for all of them."""
        place = self.variables.get(name + SCALE)
        if place is None or place.kind != 0 or place.shape not in ((), raw.shape[:1]):
            raise self.problem(
                say("holds {name} in whole numbers without a scale for them ({name}{scale})", name=name, scale=SCALE)
            )
        scale = self._raw(place)
        if not np.isfinite(scale).all() or not scale.all():
            raise self.problem(say("has scales for {name} that nothing can be divided by", name=name))
        wide = scale.reshape(scale.shape + (1,) * (raw.ndim - scale.ndim))
        scaled: np.ndarray = (raw.astype(np.float32) / wide).astype(np.float16)
        return scaled

    def _raw(self, variable: Variable) -> np.ndarray:
        with open_regular(self.path) as file:
            file.seek(variable.offset)
            content = file.read(variable.n_bytes)
        if len(content) < variable.n_bytes:
            raise self.problem(say("has become shorter while it was read"))
        return np.frombuffer(content, np.dtype(KINDS[variable.kind]).newbyteorder("<")).reshape(variable.shape)


def read_index(path: Path) -> ModelFile:
    """The index of a model.bin of a Whisper model; no weights are read.

    Raises:
        FileProblem: Not such a file, of another version or model, cut off, or its lengths do not fit its size.
    """
    with open_regular(path) as file:
        return _Reader(path, file).index()


class _Reader:
    """Reads lengths and names in order, never beyond the end."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self.file = path, file
        self.size = os.fstat(file.fileno()).st_size

    def index(self) -> ModelFile:
        self._check_kind()
        variables = dict(self._variables())
        for _ in range(self._count("aliases")):
            alias, name = self._name(), self._name()
            if name not in variables or alias in variables:
                raise self._problem(
                    say("says that {alias} is another name of {name}, which it cannot be", alias=alias, name=name)
                )
            variables[alias] = variables[name]
        if self.file.tell() != self.size:
            raise self._problem(say("has {size:,} bytes behind its end", size=self.size - self.file.tell()))
        return ModelFile(self.path, variables)

    def _check_kind(self) -> None:
        version = self._number("<I")
        if version != VERSION:
            said = say("is no CTranslate2 model of version {version} (it says {said:,})", version=VERSION, said=version)
            raise FileProblem(
                self.path, said, say("convert the model again with a newer CTranslate2, or fetch it again")
            )
        kind, revision = self._name(), self._number("<I")
        if (kind, revision) != (SPECIFICATION, REVISION):
            said = say(
                "holds a {kind} of revision {revision:,}, where a {wanted} of revision {wanted_revision} belongs",
                kind=kind[:40],
                revision=revision,
                wanted=SPECIFICATION,
                wanted_revision=REVISION,
            )
            raise FileProblem(self.path, said, say("only Whisper models of CTranslate2 can be taken in"))

    def _variables(self) -> Iterator[tuple[str, Variable]]:
        seen: set[str] = set()
        for _ in range(self._count("variables")):
            name = self._name()
            if name in seen:
                raise self._problem(say("holds {name} twice", name=name))
            seen.add(name)
            yield name, self._variable(name)

    def _variable(self, name: str) -> Variable:
        rank = self._number("<B")
        if rank > MOST_DIMENSIONS:
            raise self._problem(say("says that {name} has {rank} dimensions", name=name, rank=rank))
        shape = tuple(self._number("<I") for _ in range(rank))
        kind, n_bytes = self._number("<B"), self._number("<I")
        if kind >= len(KINDS):
            raise self._problem(
                say("holds {name} as a kind of numbers ({kind}) that is not known", name=name, kind=kind)
            )
        variable = Variable(shape, kind, self.file.tell())
        if variable.n_bytes != n_bytes:
            raise self._problem(
                say("has {size:,} bytes for {name}, whose shape is {shape}", size=n_bytes, name=name, shape=shape)
            )
        if variable.offset + n_bytes > self.size:
            raise self._problem(say("is cut off within {name}", name=name))
        self.file.seek(n_bytes, os.SEEK_CUR)
        return variable

    def _count(self, what: str) -> int:
        n = self._number("<I")
        if n > MOST_VARIABLES:
            raise self._problem(say("tells of {n:,} {what}, which no model has", n=n, what=what))
        return n

    def _name(self) -> str:
        length = self._number("<H")
        if not 0 < length <= MOST_NAME:
            raise self._problem(say("has a name of {size:,} bytes, which no variable has", size=length))
        try:
            return self._take(length).rstrip(b"\0").decode("ascii")
        except UnicodeDecodeError:
            raise self._problem(say("has a name that is no readable text")) from None

    def _number(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def _take(self, n: int) -> bytes:
        content = self.file.read(n)
        if len(content) < n:
            raise self._problem(say("is cut off ({size:,} bytes)", size=self.size))
        return content

    def _problem(self, reason: str) -> FileProblem:
        return FileProblem(self.path, reason, FETCH_AGAIN)
