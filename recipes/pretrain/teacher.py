"""A trained Whisper of this recipe, whose encoder tells another model which letter is heard in each frame.

CTC alone leaves open when a letter is said, which a young model takes long to settle. The head that taught the
Whisper's encoder its letters has settled it, so that a model taught by it learns from every frame (knowledge
distillation, Hinton et al. 2015; of CTC's frames, Kurata and Audhkhasi 2018).
"""

from pathlib import Path

import torch
from torch.nn import functional

from recipes.pretrain.clips import SAMPLE_RATE_HZ
from recipes.pretrain.whisper import LETTERS_FILE, LETTERS_PER_FRAME, Whisper, encoded
from recipes.pretrain.whisper_shape import FRAME, WINDOW_S

SLOT = FRAME // LETTERS_PER_FRAME  # samples of one letter, 20 ms


class Teacher:
    """The encoder and CTC head of a folder that `Whisper.save` wrote.

    Raises:
        ValueError: The folder has no CTC head beside its weights.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / LETTERS_FILE).exists():
            raise ValueError(f"{folder} holds no {LETTERS_FILE}; give a whisper-en that this recipe has made.")
        self.whisper = Whisper(folder)
        self.whisper.module.eval().requires_grad_(False)

    def frames(self, sounds: torch.Tensor) -> torch.Tensor:
        """Log-mel frames of the first 15 s of clips `(n, width)`, `(n, 80, n_frames) float32`."""
        kept = sounds[:, : WINDOW_S * SAMPLE_RATE_HZ]
        longest = min(WINDOW_S * SAMPLE_RATE_HZ, kept.shape[1] + FRAME)  # no frame sees the mirrored end
        width = -(-longest // FRAME) * FRAME
        return self.whisper.mel(functional.pad(kept, (0, width - kept.shape[1])))

    @torch.no_grad()
    def scores(self, frames: torch.Tensor) -> torch.Tensor:
        """Log probabilities of the letters, one each 20 ms, `(n, n_slots, n_letters) float32`."""
        self.whisper.module.to(frames.device)
        return self.whisper.letter_scores(encoded(self.whisper.module.whisper, frames))


def disagreement(
    said: torch.Tensor, taught: torch.Tensor, n_frames: torch.Tensor, n_letters: torch.Tensor, *, shift: int
) -> torch.Tensor:
    """The Kullback-Leibler divergence from the teacher, a letter of the label like the CTC loss, the mean over clips.

    Args:
        said: The pupil's logits `(n, n_frames, n_symbols)`.
        taught: The teacher's log probabilities `(n, n_slots, n_symbols)`; frames beyond them teach nothing.
        n_frames: Frames of each clip `(n,)`.
        n_letters: Letters of each label `(n,)`.
        shift: The teacher's slot that lies under the pupil's first frame.
    """
    taught = taught[:, shift : shift + said.shape[1]]
    said = said[:, : taught.shape[1]].float().log_softmax(-1)
    inside = torch.arange(taught.shape[1], device=said.device) < n_frames[:, None]
    apart = functional.kl_div(said, taught, reduction="none", log_target=True).sum(-1)
    return ((apart * inside).sum(1) / n_letters.clamp(min=1)).mean()
