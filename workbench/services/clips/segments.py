"""From what an import found to the sounds themselves: whole files, the parts that annotations name, and pieces of long
recordings, which are cut in their pauses. A part keeps its place: the source recording, start and end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from workbench.audio.decode import LONGEST, SHORTEST, Sound, decode_file, remedy_for
from workbench.audio.recording import Recording, open_recording
from workbench.audio.resampling import TooLongError
from workbench.audio.segment import split_at_silences
from workbench.core.types import SAMPLE_RATE, Seconds, clock
from workbench.errors import AudioError
from workbench.language.said import count, say
from workbench.services.importers.candidates import Candidate
from workbench.services.importers.formats import TIMED, ImportOptions
from workbench.services.importers.lines import Problem
from workbench.services.importers.survey import PLAIN

LONG_PAUSE: Final[Seconds] = 2.0  # pauses from here on belong to no clip, but for their edges
SAME: Final[Seconds] = 0.05  # a part that is shorter than its file by no more is the file
OVERSHOOT: Final[Seconds] = 0.5  # a text may end this long after its recording; times are rounded
WORTH_SAYING: Final[Seconds] = 1.0  # of a recording that no text covers
SHARED: Final[Seconds] = 0.2  # two parts may share so much: people cut a little late and early

Decode = Callable[[Path], Sound]
Found = tuple[Candidate, Sound] | Problem


def sounds_of(
    group: Sequence[Candidate],
    wishes: ImportOptions,
    scratch: Path,
    remarks: list[Problem],
    *,
    decode: Decode | None = None,
) -> Iterator[Found]:
    """The sounds of candidates of one file, in order, each with the candidate it belongs to.

    Args:
        scratch: A folder with room for a decoded recording.
        remarks: Takes what deserves a look though it was done.
        decode: Replaces reading the file, for a microphone.

    Yields:
        A problem where a part cannot be a clip.
    """
    first = group[0]
    try:
        if first.cut is None and not (wishes.by_channel and not first.text):
            try:
                sound = _whole(first, wishes, decode)
            except TooLongError as e:
                if first.text:
                    yield _one_text_for_all(first, e)
                    return
            else:
                if isinstance(sound, Recording):
                    yield from _Cutter(sound, wishes, remarks).pieces(first)
                    return
                if wishes.by_channel and sound.channels > 1:
                    reason = say("{n} channels with one text; they were mixed", n=sound.channels)
                    remedy = say("import it without its text to have each channel by itself")
                    remarks.append(first.problem(reason, remedy))
                yield first, sound
                return
        by_channel = wishes.by_channel if first.cut is None else first.channel is not None
        with open_recording(first.path, scratch, by_channel=by_channel) as recording:
            cutter = _Cutter(recording, wishes, remarks)
            remarks += [_about_file(first, remark) for remark in recording.remarks]
            yield from cutter.pieces(first) if first.cut is None else cutter.parts(group)
    except AudioError as e:
        yield from (candidate.problem(e.reason, e.remedy) for candidate in group)


def part_name(name: str, start: Seconds) -> str:
    """What a part is called: the recording's name with the place, fit for a file name, in order when sorted."""
    minutes, tenths = divmod(round(start * 10), 600)
    file = PurePosixPath(name)
    return f"{file.stem} {minutes:03}m{tenths / 10:04.1f}s{file.suffix}"


def _whole(candidate: Candidate, wishes: ImportOptions, decode: Decode | None) -> Sound | Recording:
    limit = LONGEST if candidate.text else wishes.longest
    if decode is None:
        return decode_file(candidate.path, longest=limit)
    sound = decode(candidate.path)
    if sound.duration <= limit:
        return sound
    if candidate.text:
        raise TooLongError(
            say("longer than {longest:g} s (it lasts {seconds:.1f} s)", longest=limit, seconds=sound.duration),
            say("record it in shorter clips"),
        )
    nothing = np.zeros(0)
    return Recording((sound.samples,), sound.original_format, sound.original_rate, 1, 1.0, nothing)


def _about_file(candidate: Candidate, remark: str) -> Problem:
    """A remark about the recording, not about the list that names it."""
    return Problem(candidate.source or candidate.name, None, remark, remedy_for(remark))


def _one_text_for_all(candidate: Candidate, e: TooLongError) -> Problem:
    remedy = say(
        "give the text with times (.srt, .vtt, .eaf or .TextGrid), or import the sound without it to have it cut "
        "in its pauses"
    )
    return candidate.problem(say("{reason}, with one text for all of it", reason=e.reason), remedy)


class _Cutter:
    """Cuts one recording."""

    def __init__(self, recording: Recording, wishes: ImportOptions, remarks: list[Problem]) -> None:
        self.recording, self.wishes, self.remarks = recording, wishes, remarks

    def pieces(self, whole: Candidate) -> Iterator[Found]:
        """A recording without text, cut in its pauses; each channel by itself where that is wished."""
        n_clips = 0
        if whole.hypotheses:
            reason = say("what models heard in all of it fits no clip and was left out")
            remedy = say("let the base model draft the clips, or give what was heard with times (offset and duration)")
            self.remarks.append(whole.problem(reason, remedy))
        for number, track in enumerate(self.recording.tracks):
            owner = self._of_channel(whole, number) if len(self.recording.tracks) > 1 else whole
            if self.recording.duration <= self.wishes.longest:
                found = [(0, len(track))]
            else:
                found = split_at_silences(track, longest=self.wishes.longest, leave_out=LONG_PAUSE)
            n_clips += len(found)
            for start, stop in found:
                part = self._placed(owner, start / SAMPLE_RATE, stop / SAMPLE_RATE)
                yield part, self.recording.part(number, start, stop)
        if self.recording.duration > self.wishes.longest:
            reason = count(
                n_clips,
                "lasts {length}: cut in its pauses into {n} clip",
                "lasts {length}: cut in its pauses into {n} clips",
                length=_length(self.recording.duration),
            )
            remedy = say("nothing to do; each clip keeps its place in the recording")
            self.remarks.append(whole.problem(reason, remedy))

    def parts(self, group: Sequence[Candidate]) -> Iterator[Found]:
        """The parts that texts belong to."""
        covered = np.zeros(int(np.ceil(self.recording.duration * 10)), bool)  # tenths of a second
        for candidate in group:
            assert candidate.cut is not None
            start, end = candidate.cut[0], candidate.cut[1]
            end = self.recording.duration if end is None else end
            covered[max(0, int(start * 10)) : max(0, int(np.ceil(min(end, 1e6) * 10)))] = True
            yield self._part(candidate, start, end, alone=len(group) == 1)
        self._say_overlaps(group)
        uncovered = float(np.count_nonzero(~covered)) / 10
        if uncovered >= WORTH_SAYING and PurePosixPath(group[0].file).suffix.lower() in (*TIMED, PLAIN):
            reason = say(
                "{length} of {recording} have no text and were left out",
                length=_length(uncovered),
                recording=group[0].source or group[0].name,
            )
            remedy = say("nothing to do, unless something is said there: then annotate it, and import again")
            self.remarks.append(Problem(group[0].file, None, reason, remedy))

    def _say_overlaps(self, group: Sequence[Candidate]) -> None:
        """Remark on texts that claim the same stretch of a channel; equal parts are told as duplicates."""
        whole = self.recording.duration
        said = {(c.channel or 0, c.cut[0], whole if c.cut[1] is None else c.cut[1]) for c in group if c.cut}
        shared, last = [], (-1, 0.0)
        for channel, start, end in sorted(said):
            if channel == last[0] and start < last[1] - SHARED:
                shared.append(start)
            last = max(last, (channel, end))
        if shared:
            reason = count(
                len(shared),
                "{n} text claims sound that another text claims too, first at {place} of {recording}",
                "{n} texts claim sound that another text claims too, first at {place} of {recording}",
                place=clock(shared[0]),
                recording=group[0].name,
            )
            remedy = say("correct the times; where people talk at once, a clip holds words that its text leaves out")
            self.remarks.append(Problem(group[0].file, None, reason, remedy))

    def _part(self, candidate: Candidate, start: Seconds, end: Seconds, *, alone: bool) -> Found:
        duration = self.recording.duration
        track = candidate.channel or 0
        if track >= len(self.recording.tracks):
            reason = say(
                "names channel {channel}, but {recording} has {n}",
                channel=track,
                recording=candidate.name,
                n=len(self.recording.tracks),
            )
            return candidate.problem(reason, say("count channels from 0"))
        if wrong := _wrong_times(candidate, start, end, duration):
            return wrong
        end = min(end, duration)
        first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
        sound = self.recording.part(track, first, last)
        if alone and start <= SAME and end >= duration - SAME and candidate.channel is None:
            return replace(candidate, cut=None, source=None), sound
        return self._placed(candidate, start, end), sound

    def _placed(self, candidate: Candidate, start: Seconds, end: Seconds) -> Candidate:
        name = part_name(candidate.name, start)
        place = (round(start, 5), round(end, 5))  # finer than a sample
        source = candidate.source or candidate.file
        # What the list says of the whole, a length or what models heard, is not true of a piece.
        heard = candidate.hypotheses if candidate.cut else ()
        return replace(candidate, name=name, cut=None, source=source, place=place, stated=None, hypotheses=heard)

    @staticmethod
    def _of_channel(whole: Candidate, number: int) -> Candidate:
        file = PurePosixPath(whole.name)
        channel = f"channel {number + 1}"
        return replace(
            whole,
            name=f"{file.stem} {channel}{file.suffix}",
            source=f"{whole.source or whole.file} {channel}",
            speaker=f"{whole.speaker or file.stem} {channel}",
        )


def _wrong_times(part: Candidate, start: Seconds, end: Seconds, duration: Seconds) -> Problem | None:
    """What is wrong with the place of a part in a recording of this duration; None where it can be a clip."""
    begins, ends = clock(max(start, 0)), clock(max(end, 0))
    if end == start:
        return part.problem(
            say("has no length (at {place})", place=clock(start)), say("give it an end, or take it out")
        )
    if end < start or start < 0:
        reason = say("ends before it begins (it begins at {start} and ends at {end})", start=begins, end=ends)
        return part.problem(reason, say("correct its times"))
    if start >= duration or end > duration + OVERSHOOT:
        lasts = clock(duration)
        reason = say("reaches to {end}, but {recording} lasts {length}", end=ends, recording=part.name, length=lasts)
        return part.problem(reason, say("check that the text belongs to this recording, and correct its times"))
    length = min(end, duration) - start
    if length < SHORTEST:
        reason = say(
            "shorter than {shortest:g} s (it lasts {seconds:.2f} s, from {start})",
            shortest=SHORTEST,
            seconds=length,
            start=begins,
        )
        return part.problem(reason, say("join it with its neighbour"))
    if length > LONGEST:
        reason = say(
            "longer than {longest:g} s (it lasts {seconds:.2f} s, from {start})",
            longest=LONGEST,
            seconds=length,
            start=begins,
        )
        return part.problem(reason, say("divide it, with its text, into shorter parts"))
    return None


def _length(seconds: Seconds) -> str:
    if seconds < 120:
        return say("{seconds:.1f} s", seconds=seconds)
    return say("{minutes:.1f} min", minutes=seconds / 60)
