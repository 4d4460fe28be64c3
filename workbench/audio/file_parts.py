"""Some bytes of an open file as a file of their own, for libraries that would open a path elsewhere."""

import errno
import os
from pathlib import PurePath
from typing import BinaryIO


class FilePart:
    """Some bytes of an open file as a file of their own, which does not close the other."""

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self._file, self._start, self._place = file, start, 0
        self.name = PurePath(str(file.name)).name  # its ending helps to recognise what has no head
        self._size = stop - start

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if not 0 <= base + offset < 2**62:
            return -errno.EINVAL  # damaged files point there: ffmpeg is told as its own reader would tell it
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._place
        if left <= 0:
            return b""
        self._file.seek(self._start + self._place)
        data = self._file.read(left if size < 0 else min(size, left))
        self._place += len(data)
        return data


def whole_file(file: BinaryIO) -> FilePart:
    """A file for PyAV, which opens paths such as "http:x" or "concat:x" elsewhere."""
    return FilePart(file, 0, os.fstat(file.fileno()).st_size)
