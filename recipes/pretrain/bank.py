"""All speech in one long tensor where the model is, from which batches are cut, joined and warped there.

Nothing but a table of places goes to the device with each batch. On a GPU the sound would otherwise be made slower than
it is learned from: a core alters 240 seconds a second, and an H200 that trained two models learned from 12,500.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch

from recipes.pretrain.clips import FULL_SCALE, GAP_S, SAMPLE_RATE_HZ, Clip, finished_folders, spoken_clips
from recipes.pretrain.learner import on_device

KNOT = 4000  # samples between changes of speed: four to a second, about a syllable
SHARE_OF_GPU = 0.25  # of its free memory, for the bank; an H100 holds some 180 hours so


@dataclass(frozen=True)
class Cut:
    """Where the clips of a batch lie in the bank, and at which speed they are played; `n` clips.

    Each is made of up to `p` pieces with gaps between, played at a speed that changes at each of `k` knots.
    """

    starts: torch.Tensor  # (n, p) int64, samples from the clip's beginning at which a piece begins, gaps included
    places: torch.Tensor  # (n, p) int64, where it begins in the bank
    lengths: torch.Tensor  # (n, p) int64, its samples; 0 where there is no such piece
    lead: torch.Tensor  # (n, 1) int64, samples of silence before the clip
    speeds: torch.Tensor  # (n, k) float32, samples of the clip that pass in one sample of the result
    passed: torch.Tensor  # (n, k) float32, samples of the clip that have passed at each knot
    n_samples: torch.Tensor  # (n,) int64, of the result, silence at both ends included
    width: int  # samples of the longest result

    def rows(self, chosen: list[int], width: int | None = None) -> "Cut":
        """The cut of some of the clips, as wide as the longest of them or as asked for."""
        n_pieces = int((self.lengths[chosen] > 0).sum(1).max())
        columns = {field.name: getattr(self, field.name)[chosen] for field in fields(self) if field.name != "width"}
        columns |= {name: columns[name][:, :n_pieces] for name in ("starts", "places", "lengths")}
        return Cut(**columns, width=width or int(columns["n_samples"].max()))

    def to(self, device: torch.device) -> "Cut":
        """The same cut on another device."""
        return on_device(self, device)


@dataclass(frozen=True)
class Pace:
    """How the clips are played: speeds and silence drawn for each."""

    chance: float = 0.8  # of a speed other than 1
    speed_range: tuple[float, float] = (0.8, 1.25)  # also shifts pitch and formants, as resampling does
    wobble: float = 0.06  # standard deviation of the slow change of speed within a clip
    silence_chance: float = 0.5  # for either end
    silence_max_s: float = 0.6

    def cut(self, clips: list[Clip], changed: np.ndarray, rng: np.random.Generator) -> Cut:
        """Lay out clips that lie in a bank; only those where `changed (n,) bool` holds are warped and padded."""
        n, p = len(clips), max(len(clip.places) for clip in clips)
        starts, places, lengths = (np.zeros((n, p), np.int64) for _ in range(3))
        total = np.zeros(n, np.int64)
        for i, clip in enumerate(clips):
            for j, (place, piece) in enumerate(zip(clip.places, clip.pieces, strict=True)):
                gap = int(rng.uniform(*GAP_S) * SAMPLE_RATE_HZ) if j else 0
                starts[i, j], places[i, j], lengths[i, j] = total[i] + gap, place, len(piece)
                total[i] += gap + len(piece)
        warped = changed & (rng.random(n) < self.chance)
        speeds = self._speeds(warped, total, rng)
        passed = np.concatenate([np.zeros((n, 1)), np.cumsum(speeds * KNOT, 1)], 1)
        last = (passed <= total[:, None]).sum(1) - 1  # the knot before the end
        rows = np.arange(n)
        played = last * KNOT + (total - passed[rows, last]) / speeds[rows, last]
        ends = (changed[:, None] & (rng.random((n, 2)) < self.silence_chance)) * rng.random((n, 2))
        lead, tail = (ends * self.silence_max_s * SAMPLE_RATE_HZ).astype(np.int64).T
        n_samples = lead + np.ceil(played).astype(np.int64) + tail
        return Cut(
            *map(torch.from_numpy, (starts, places, lengths, lead[:, None])),
            torch.from_numpy(speeds.astype(np.float32)),
            torch.from_numpy(passed[:, :-1].astype(np.float32)),
            torch.from_numpy(n_samples),
            int(n_samples.max()),
        )

    def _speeds(self, warped: np.ndarray, total: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """`(n, k) float64`, 1 where a clip is not warped; one knot more than the slowest clip needs."""
        low, high = np.log(self.speed_range)
        slowest = np.exp(low - 4 * self.wobble)
        k = int(total.max() / slowest / KNOT) + 2
        drift = self.wobble * rng.standard_normal((len(total), k)).clip(-4, 4)
        return np.exp(warped[:, None] * (rng.uniform(low, high, (len(total), 1)) + drift))


class Bank:
    """The speech of folders that `speech.speak_all` made, one after another, behind two samples of silence.

    Args:
        root: Holds the folders; ones that are finished later are taken in by `grow`.
        device: Where the sound lies. A GPU's bank has a fixed size, and leaves out what comes when it is full.
    """

    def __init__(self, root: Path, device: torch.device) -> None:
        self.root, self.taken, self.filled = root, set[Path](), 2
        if device.type == "cuda":
            most = int(torch.cuda.mem_get_info(device)[0] * SHARE_OF_GPU) // 2
        else:
            most = 3 + sum((folder / "audio.i16").stat().st_size // 2 for folder in finished_folders(root))
        self.sound = torch.zeros(most, dtype=torch.int16, device=device)

    @property
    def hours(self) -> float:
        """How much speech lies here."""
        return self.filled / SAMPLE_RATE_HZ / 3600

    def grow(self) -> list[Clip]:
        """Take in the folders that were finished since the last time; their clips, which know their places."""
        clips: list[Clip] = []
        for folder in finished_folders(self.root):
            n_samples = (folder / "audio.i16").stat().st_size // 2
            if folder not in self.taken and self.filled + n_samples < len(self.sound):
                self.taken.add(folder)
                clips += self._added(folder, n_samples)
        return clips

    def _added(self, folder: Path, n_samples: int) -> list[Clip]:
        begin = self.filled
        if n_samples:
            sound = torch.from_numpy(np.fromfile(folder / "audio.i16", dtype="<i2"))
            self.sound[begin : begin + n_samples] = sound.to(self.sound.device)
        self.filled += n_samples
        return [replace(clip, places=(begin + place,)) for clip in spoken_clips(folder) for place in clip.places]

    def play(self, cut: Cut) -> torch.Tensor:
        """The clips of a cut on this device, `(n, width) float32` of full scale 1, zero behind their ends."""
        at = torch.arange(cut.width, device=self.sound.device) - cut.lead
        knot = (at.clamp(min=0) // KNOT).clamp(max=cut.speeds.shape[1] - 1)
        time = cut.passed.gather(1, knot) + cut.speeds.gather(1, knot) * (at - knot * KNOT)
        index = self._index(cut, time.long())
        return torch.lerp(self.sound[index].float(), self.sound[index + 1].float(), time.frac().abs()) / FULL_SCALE

    def _index(self, cut: Cut, time: torch.Tensor) -> torch.Tensor:
        """Where in the bank whole samples of each clip lie, `(n, width) int64`; 0 in gaps and outside."""
        index = torch.zeros_like(time)
        for start, place, length in zip(cut.starts.T, cut.places.T, cut.lengths.T, strict=True):
            into = time - start[:, None]
            inside = (into >= 0) & (into < length[:, None])
            index = torch.where(inside, place[:, None] + into, index)
        return index
