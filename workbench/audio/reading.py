"""Sound files of any kind, read block by block to their very end, with a word about whatever could not be read.

libsndfile reads what holds plain samples (WAV, AIFF, AU …), fast and exactly. Compressed streams (MP3, Ogg, FLAC,
AAC …) go through PyAV: libsndfile stops at the number of frames that a header announces, which an MP3 without a Xing
header, or two files joined into one, states too low. Both ship their own libraries, so nothing has to be installed.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import soundfile

from workbench.audio.chunks import (
    UNKNOWN_SIZE,
    counts_frames,
    cut_asf,
    cut_chunk,
    cut_ogg,
    end_of_chunks,
    flac_heads,
    has_second_head,
    is_blank,
    joined_mp4,
    last_granule,
    sample_bytes,
)
from workbench.audio.file_parts import FilePart, whole_file
from workbench.core.types import Seconds
from workbench.errors import AudioError
from workbench.language.said import say

Samples = npt.NDArray[np.float32]

BLOCK: Final[Seconds] = 10.0
LARGEST_FILE: Final = 32 * 2**30  # bytes; a day in stereo at 48 kHz and 16 bit takes 16 GB
WORTH_SAYING: Final[Seconds] = 0.1  # a jump in the time stamps; smaller ones are rounding
LONGEST_GAP: Final[Seconds] = 600.0  # beyond, the stamps are not to be believed
SHORTEST_CUT: Final[Seconds] = 0.1  # headers count a coder's lead-in and padding as sound
LONGEST_STEP: Final[Seconds] = 0.13  # 1,024 samples of AAC at 8 kHz; lossless coders take larger ones, and pad nothing
CUT_SHARE: Final = 0.02  # of the announced length
LONGEST_PACKET: Final[Seconds] = 2.0  # lossless coders take a second at once; more is a damaged length
LONGEST_SILENCE: Final[Seconds] = 20.0  # put in the place of damage at once
MOST_ERRORS: Final = 1_000  # in a row without a sample between: a container that makes no sense any more

DAMAGED: Final = say("unreadable (not a sound file, or damaged)"), say("convert it to WAV or FLAC, or record it again")
_CHECK: Final = say("check that the file exists and may be read")

# Containers that hold sound themselves. Playlists (HLS, DASH, concat) are left out on purpose: a playlist uploaded as a
# sound would make the program open other files and addresses.
CONTAINERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,mp3,ogg,wav,w64,flac,amr,amrnb,amrwb,asf,avi,flv,mpegts,mpeg,aiff,au,caf,"
    "ac3,eac3,dts,ape,wv,tta,tak,xwma,rm,voc,sox,loas,gsm,g722"
)
VIDEOS: Final = frozenset(
    (".3g2", ".3gp", ".asf", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv")
)
_OPTIONS: Final = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
_COMPRESSED: Final = {"MP3", "OGG", "FLAC"}
# Their headers, or Ogg's last page, state how long the sound is; elsewhere ffmpeg guesses from the bit rate.
_ANNOUNCING: Final = {
    *("ogg", "mov", "matroska", "flac", "wav", "w64", "asf"),
    *("flv", "avi", "ape", "wv", "tta", "caf", "aiff"),
}
_HEADS: Final = {"asf": 16, "flv": 9, "tta": 14, "caf": 8}  # bytes that begin each file and stand nowhere else in it
_WIDTHS: Final = {
    **dict.fromkeys(("PCM_S8", "PCM_U8", "ULAW", "ALAW"), 1),
    **{"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8},
}  # bytes a sample
_SHORTER: Final = re.compile(r": (\d+) \(should be (\d+)\)")  # libsndfile's log: a size in a header, and the file's own


@dataclass(frozen=True)
class Block:
    """A stretch of sound.

    Attributes:
        array: `(n_samples, n_channels)` float32; beyond -1 … 1 where the file's own floats are.
        rate: Hz. Some streams change it midway, and their number of channels too.
    """

    array: Samples
    rate: int


class SoundReader:
    """Reads one audio track of a file.

    Attributes:
        format: For instance "wav" or "m4a".
        tracks: Audio tracks in the file.
        channels: The most that any part of the track has.
        floats: Its samples are floats, for which full scale is no limit.
        duration: Seconds read so far.
        announced: Seconds that the header promises, where it does.
        skipped: Damage as (where, how long) in seconds; silence stands in its place, so that times keep fitting.
        gaps: What is missing, as (where, how long), and nothing stands in its place.
        late: Seconds by which the sound begins later than the file; silence stands there too.
        missing: Seconds that the header promises beyond what was found.
        cut_off: The file ends before its sound does.
        left_out: Seconds of sound behind the first that were not read; None where it is unknown how many.
    """

    def __init__(self, path: Path, track: int = 0) -> None:
        self.path, self.track = path, track
        self.format = ""
        self.tracks = 1
        self.channels = 0
        self.floats = False
        self.duration: Seconds = 0.0
        self.announced: Seconds | None = None
        self.skipped: list[tuple[Seconds, Seconds]] = []
        self.gaps: list[tuple[Seconds, Seconds]] = []
        self.cut_off = False
        self.late: Seconds = 0.0
        self.missing: Seconds = 0.0
        self.left_out: Seconds | None = 0.0
        self._rate = 0  # Hz, of the last frame
        self._frame: Seconds = 0.0  # a coder's step; its lead-in and padding take one or two

    def blocks(self) -> Iterator[Block]:
        """The sound in order, about ten seconds at a time.

        Raises:
            AudioError: The file is missing, empty, no sound, or cannot be read.
        """
        check_file(self.path)
        try:
            with self.path.open("rb") as file:
                plain = _plain(file, 0, end_of_chunks(file, 0))
                for block in self._plain_blocks(file, plain) if plain else self._streams(file):
                    self.duration += len(block.array) / block.rate
                    self.channels = max(self.channels, block.array.shape[1])
                    yield block
        except OSError as e:
            raise AudioError(say("unreadable ({why})", why=e.strerror), _CHECK) from e
        if not self.duration:
            raise AudioError(say("empty (no sound could be read)"), say("record or copy it again"))
        if self.announced is not None:
            missing = self.announced - self.duration - sum(length for _, length in self.gaps)
            if missing > max(SHORTEST_CUT + 2 * min(self._frame, LONGEST_STEP), CUT_SHARE * self.announced):
                self.missing = missing

    def _plain_blocks(self, file: BinaryIO, sound: soundfile.SoundFile) -> Iterator[Block]:
        """Samples as they lie there; of WAV files that were joined by appending one to the other, all."""
        self.format = "wav" if sound.format == "WAVEX" else sound.format.lower()
        self.floats = sound.subtype in ("FLOAT", "DOUBLE")
        self.announced, start, size = 0.0, 0, os.fstat(file.fileno()).st_size
        while True:
            end = end_of_chunks(file, start)
            seconds = sound.frames / sound.samplerate
            missing = _missing_bytes(sound.extra_info) if end == size else 0
            self.announced += seconds * (1 + missing / (end - start))
            wide = _WIDTHS.get(sound.subtype, 0) * sound.channels * sound.samplerate
            with sound:
                yield from _read_plain(sound)
            uncounted = sample_bytes(file, start) / wide - seconds if wide else 0.0  # AIFF counts its frames apart
            if uncounted > SHORTEST_CUT:
                self.left_out = uncounted
            if end >= size:
                return
            following = _plain(file, end, end_of_chunks(file, end))
            if following is None:
                left_out = seconds * (size - end) / (end - start)
                self.left_out = left_out if left_out > SHORTEST_CUT and not is_blank(file, end) else 0.0
                return
            start, sound = end, following

    def _streams(self, file: BinaryIO) -> Iterator[Block]:
        """A compressed stream, or several where FLAC files were joined: ffmpeg loses the beginning of the second."""
        starts = flac_heads(file) or [0]
        size = os.fstat(file.fileno()).st_size
        announced: list[Seconds | None] = []
        for start, stop in zip(starts, [*starts[1:], size], strict=True):
            yield from self._stream_blocks(file, start, stop)
            announced.append(self.announced)
        known = [seconds for seconds in announced if seconds is not None]
        self.announced = sum(known) if len(known) == len(announced) else None

    def _stream_blocks(self, file: BinaryIO, start: int, stop: int) -> Iterator[Block]:
        import av

        try:
            with _opened(FilePart(file, start, stop)) as container:
                streams = container.streams.audio
                if not streams:
                    raise AudioError(say("unreadable (it holds no sound)"), say("choose a file with sound in it"))
                if self.track >= len(streams):  # damaged streams are not found the same way twice
                    raise AudioError(*DAMAGED)
                stream: Any = streams[self.track]
                if stream.codec_context is None:
                    raise AudioError(say("unreadable (its coding is not known here)"), DAMAGED[1])
                stream.thread_type = "NONE"  # several files are decoded side by side already
                names = container.format.name.split(",")
                suffix = self.path.suffix.lower().lstrip(".")
                self.format = suffix if suffix in names else names[0]
                if self.format == "ogg" and "opus" in stream.codec_context.name:
                    self.format = "opus"
                self.tracks = len(streams)
                self.floats = stream.codec_context.name.startswith(("pcm_f32", "pcm_f64"))
                if names[0] in _ANNOUNCING or names[0] == "mp3":
                    self.announced = _announced(container, stream)
                yield from self._frames(container, stream)
        except (av.FFmpegError, ValueError, EOFError) as e:
            raise AudioError(*DAMAGED) from e
        if names[0] == "mp3" and not counts_frames(file):
            self.announced = None
        if (names[0] == "mov" and joined_mp4(file)) or has_second_head(file, _HEADS.get(names[0], 0)):
            self.left_out = None
        self.cut_off |= cut_ogg(file) if names[0] == "ogg" else cut_chunk(file) or cut_asf(file)
        if names[0] == "ogg":  # a damaged page takes those behind it along, and what ffmpeg says is announced too
            self.announced = max(self.announced or 0.0, last_granule(file) / (self._rate or 48_000))

    def _frames(self, container: Any, stream: Any) -> Iterator[Block]:
        """Everything that can be decoded; what cannot is noted and, in the middle, replaced by silence."""
        import av

        waiting: list[Samples] = []
        kind: tuple[Any, ...] = ()
        resampler: Any = None
        began = read = self.duration  # seconds of sound, those of the file's parts before included
        lost = 0.0  # seconds of damage since the last of it
        # The next frame's time stamp: Ogg and FLAC begin at 0, others where the file's first stream does.
        name = container.format.name
        expected: Seconds | None = None if container.start_time is None else container.start_time / 1_000_000
        if name in ("ogg", "flac"):
            expected = 0.0
        worth = {"flac": 0.03, "ogg": 0.05}.get(name, WORTH_SAYING)
        n_errors, lost_first = 0, 0.0
        for packet in _packets(container, stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                n_errors += 1
                if n_errors > MOST_ERRORS:
                    break
                lost += min(float((packet.duration or 0) * (packet.time_base or 0)) or self._frame, LONGEST_PACKET)
                continue
            for frame in frames:
                if not frame.samples:
                    continue
                if (frame.sample_rate, frame.layout.name, frame.format.name) != kind:
                    if waiting:
                        yield Block(np.concatenate(waiting, axis=1).T, kind[0])
                        waiting = []
                    kind = frame.sample_rate, frame.layout.name, frame.format.name
                    resampler = av.AudioResampler(format="fltp")  # rate and channels stay the frame's
                length = self._frame = frame.samples / frame.sample_rate
                n_errors, self._rate = 0, frame.sample_rate
                if read > began and lost > LONGEST_SILENCE:
                    self.gaps.append((read, lost - LONGEST_SILENCE))
                    lost = LONGEST_SILENCE
                if lost and read > began:
                    self.skipped.append((read, lost))
                    waiting.append(np.zeros((len(frame.layout.channels), round(lost * kind[0])), np.float32))
                    read += lost
                    expected = None if expected is None else expected + lost
                elif lost:
                    lost_first += lost  # before the first sound nothing needs filling
                lost = 0.0
                if frame.time is not None:
                    jump = 0.0 if expected is None else frame.time - expected
                    if worth < jump <= LONGEST_SILENCE:
                        waiting.append(np.zeros((len(frame.layout.channels), round(jump * kind[0])), np.float32))
                        if read > began or name in ("ogg", "flac"):
                            self.skipped.append((read, jump))
                        else:
                            self.late = jump
                        read += jump
                    elif LONGEST_SILENCE < jump < LONGEST_GAP:
                        self.gaps.append((read, jump))
                    expected = frame.time
                expected = None if expected is None else expected + length
                read += length
                waiting += [part.to_ndarray().astype(np.float32, copy=False) for part in resampler.resample(frame)]
            if sum(part.shape[1] for part in waiting) >= BLOCK * (kind[0] if kind else 1):
                yield Block(np.concatenate(waiting, axis=1).T, kind[0])
                waiting = []
        if waiting:
            yield Block(np.concatenate(waiting, axis=1).T, kind[0])
        self.cut_off |= lost >= SHORTEST_CUT
        if lost_first >= SHORTEST_CUT:
            self.gaps.insert(0, (0.0, lost_first))


def _opened(part: FilePart) -> Any:
    import av

    return av.open(part, options=_OPTIONS, metadata_errors="replace")


def holds_sound(path: Path) -> bool:
    """Whether a file has an audio track; a quick look, which believes everything but a video without one."""
    if path.suffix.lower() not in VIDEOS:
        return True
    import av

    try:
        with (
            path.open("rb") as file,
            av.open(whole_file(file), options=_OPTIONS, metadata_errors="replace") as container,
        ):
            return bool(container.streams.audio)
    except (av.FFmpegError, ValueError, OSError, EOFError):
        return True  # whoever reads it tells what is wrong


def check_file(path: Path) -> None:
    """Refuse what is no regular file of a bounded size before anything is opened: a pipe waits, a device never ends.

    Raises:
        AudioError: It is missing, empty, too large, a pipe or a device.
    """
    try:
        state = path.stat()
    except OSError as e:
        raise AudioError(say("unreadable ({why})", why=e.strerror), _CHECK) from e
    if not stat.S_ISREG(state.st_mode):
        raise AudioError(
            say("unreadable (a pipe, device or folder, not a file)"),
            say("put the sound itself in its place"),
        )
    if state.st_size == 0:
        raise AudioError(say("empty (the file has no bytes)"), say("record or copy it again"))
    if state.st_size > LARGEST_FILE:
        raise AudioError(
            say("larger than {most_gb} GB", most_gb=LARGEST_FILE // 2**30), say("cut it into several files")
        )


def _plain(file: BinaryIO, start: int, stop: int) -> soundfile.SoundFile | None:
    """Some of a file's bytes in libsndfile's hands; None where PyAV shall read it, or nothing can."""
    try:
        found = soundfile.SoundFile(FilePart(file, start, stop))
    except (soundfile.LibsndfileError, TypeError, RuntimeError):  # TypeError: a headerless .raw file
        return None
    if found.format in _COMPRESSED or not found.frames:  # no frames: a recorder that was not closed, or a pipe
        found.close()
        return None
    return found


def _read_plain(sound: soundfile.SoundFile) -> Iterator[Block]:
    while True:
        try:
            array = sound.read(round(BLOCK * sound.samplerate), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError):
            return  # the announced length tells that something is missing
        if not len(array):
            return
        yield Block(array, sound.samplerate)


def _missing_bytes(log: str) -> int:
    """How much larger the header's sizes are than the file; 0 where they do not claim to know."""
    sizes = [(int(stated), int(real)) for stated, real in _SHORTER.findall(log)]
    return max((stated - real for stated, real in sizes if real < stated < UNKNOWN_SIZE), default=0)


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """A stream's packets, past places at which the container is damaged."""
    import av

    for _ in range(MOST_ERRORS):
        try:
            yield from container.demux(stream)
        except (av.FFmpegError, IndexError):  # IndexError: a stream that appears midway, which PyAV does not expect
            continue
        return


def _announced(container: Any, stream: Any) -> Seconds | None:
    """How long the header says that a stream is, in seconds."""
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    begins = float((stream.start_time or 0) * (stream.time_base or 0))  # Matroska counts from the file's beginning
    stated = re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", "").rstrip("0"))  # Matroska
    if stated:
        return int(stated[1]) * 3600 + int(stated[2]) * 60 + float(stated[3]) - max(0.0, begins)
    alone = len(container.streams) == 1 and container.duration
    return container.duration / 1_000_000 if alone else None
