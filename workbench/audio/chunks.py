"""What stands in a container around its sound: a second file behind the first, or an end that is missing.

Decoders pass over both in silence. Only the frames of the containers are looked at here, never the sound.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

UNKNOWN_SIZE: Final = 0x7FFF0000  # from here on sizes mean "not known yet": 0x7FFFF000, 0xFFFFFFFF and the like
DATA: Final = (b"data", b"SSND")  # the chunks that hold samples
_MOST_CHUNKS: Final = 10_000
# First bytes of what consists of chunks: where the first one stands, how its name and size are written.
_HEADED: Final = {
    b"RIFF": (12, "<4sI"),
    b"FORM": (12, ">4sI"),
    b"caff": (8, ">4sQ"),
}
_LAST_OF_STREAM: Final = 4  # flag in an Ogg page's header
_ASF_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")  # the GUID of the file properties object
_FLAC: Final = b"fLaC\0\0\0\x22"  # the marker, and the head of the stream's first block
_PAGE_HEADER: Final = 27
_LONGEST_STREAM: Final = 24 * 3600 * 48_000  # samples; beyond a day the position is damage
_LONGEST_PAGE: Final = _PAGE_HEADER + 255 + 255 * 255


def end_of_chunks(file: BinaryIO, start: int) -> int:
    """Where the WAV, AIFF, CAF or AU that begins at byte `start` ends; the file's length where nothing follows it.

    What follows is another sound, or bytes that are no chunk: samples that the header does not count.
    """
    size = _size(file)
    end = start
    for chunk in _chunks(file, start):
        if not _is_name(chunk.name) or (chunk.name in _HEADED and chunk.place > start):
            return chunk.place
        end = chunk.end
    return min(end, size) if end > start else size


def sample_bytes(file: BinaryIO, start: int) -> int:
    """How many bytes of samples the WAV or AIFF that begins at a byte holds; 0 where that is not known."""
    size = _size(file)
    found = next((chunk for chunk in _chunks(file, start) if chunk.name in DATA), None)
    return max(0, min(found.end, size) - found.place - 8) if found and found.known else 0


def cut_chunk(file: BinaryIO) -> bool:
    """Whether a chunk of a WAV, AVI, AIFF, CAF or AU is longer than what is left of the file."""
    size = _size(file)
    return any(chunk.end > size and chunk.known for chunk in _chunks(file, 0))


def has_second_head(file: BinaryIO, n: int) -> bool:
    """Whether the file's first `n` bytes come again: a second file was appended. False for no bytes."""
    if not n:
        return False
    file.seek(0)
    head = file.read(n)
    tail = b""
    for part in iter(lambda: file.read(2**20), b""):
        if head in tail + part:
            return True
        tail = part[-n:]
    return False


def flac_heads(file: BinaryIO) -> list[int]:
    """Where each of several joined FLAC files begins; nothing for another kind of file."""
    file.seek(0)
    if file.read(len(_FLAC)) != _FLAC:
        return []
    found, place, tail = [0], len(_FLAC), b""
    for part in iter(lambda: file.read(2**20), b""):
        data = tail + part
        at = data.find(_FLAC)
        while at >= 0:
            found.append(place - len(tail) + at)
            at = data.find(_FLAC, at + 1)
        place += len(part)
        tail = data[-(len(_FLAC) - 1) :]
    return found


def is_blank(file: BinaryIO, start: int) -> bool:
    """Whether only zeros stand from a byte on: memory cards are filled up with them."""
    file.seek(start)
    return not any(any(part) for part in iter(lambda: file.read(2**16), b""))


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    place: int
    end: int
    known: bool  # its size is one, not a mark that stands for "not known yet"


def joined_mp4(file: BinaryIO) -> bool:
    """Whether a second file stands behind the first: MP4 players end with the first."""
    return sum(name == b"ftyp" for name in _boxes(file)) > 1


def cut_ogg(file: BinaryIO) -> bool:
    """Whether the last page is incomplete, or does not say that it is the last (RFC 3533, section 6)."""
    page = _last_page(file)
    if page is None:
        return True
    segments = page[26]
    table = page[_PAGE_HEADER : _PAGE_HEADER + segments]
    whole = len(table) == segments and len(page) >= _PAGE_HEADER + segments + sum(table)
    return not whole or not page[5] & _LAST_OF_STREAM


def cut_asf(file: BinaryIO) -> bool:
    """Whether a WMA or WMV states a larger size than it has (ASF specification, section 3.2)."""
    file.seek(0)
    head = file.read(2**16)
    place = head.find(_ASF_PROPERTIES)
    if place < 0 or len(head) < place + 48:
        return False
    stated = int.from_bytes(head[place + 40 : place + 48], "little")
    return _size(file) < stated < UNKNOWN_SIZE


def last_granule(file: BinaryIO) -> int:
    """The position of the last Ogg page that has one, in samples of its stream; 0 where it is unlikely or missing."""
    page = _last_page(file)
    position = int.from_bytes(page[6:14], "little", signed=True) if page else 0
    return position if 0 < position < _LONGEST_STREAM else 0


def counts_frames(file: BinaryIO) -> bool:
    """Whether an MP3's first frame tells how many follow (a Xing, Info or VBRI header)."""
    file.seek(0)
    start = file.read(10)
    if start[:3] == b"ID3" and len(start) == 10:
        seven = [byte & 0x7F for byte in start[6:]]
        file.seek(10 + (seven[0] << 21 | seven[1] << 14 | seven[2] << 7 | seven[3]))
    head = start + file.read(4096)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))


def _last_page(file: BinaryIO) -> bytes | None:
    """From the last Ogg page's header to the end of the file; None where there is no whole header."""
    file.seek(max(0, _size(file) - 2 * _LONGEST_PAGE))
    tail = file.read()
    last = tail.rfind(b"OggS")
    return tail[last:] if last >= 0 and len(tail) - last >= _PAGE_HEADER else None


def _chunks(file: BinaryIO, start: int) -> Iterator[_Chunk]:
    """The chunks of the file that begins at a byte, and what stands behind the last of them."""
    size = _size(file)
    file.seek(start)
    head = file.read(24)
    if head[:4] == b".snd" and len(head) == 24:
        offset, length = struct.unpack(">II", head[4:12])
        yield _Chunk(b".snd", start, start + offset + length, 0 < length < UNKNOWN_SIZE)
        place = start + offset + length
        if 0 < length < UNKNOWN_SIZE and place < size:
            yield _Chunk(b"", place, size, False)
        return
    if head[:4] not in _HEADED:
        return
    first, layout = _HEADED[head[:4]]
    place, width = start + first, struct.calcsize(layout)
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        header = file.read(width)
        if len(header) < width:
            return
        name, length = struct.unpack(layout, header)
        known = 0 < length < (UNKNOWN_SIZE if width == 8 else 2**62)
        end = place + width + length
        yield _Chunk(name, place, end if known or not length else size, known)
        if (not known and name in DATA) or not _is_name(name) or end >= size:
            return
        file.seek(end)
        # An odd length is padded, but not by every program.
        place = end + (length % 2 and width == 8 and not _is_name(file.read(4)))


def _boxes(file: BinaryIO) -> Iterator[bytes]:
    """Names of an MP4's outermost boxes."""
    place, size = 0, _size(file)
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        header = file.read(16)
        if len(header) < 8:
            return
        length, name = struct.unpack(">I4s", header[:8])
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:])[0]
        yield name
        if length < 8:  # 0: to the end
            return
        place += length
        if place >= size:
            return


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= byte < 127 for byte in name)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
