"""The settings of a fine-tune, declared once: the form, the command line's flags and run.json are made from them."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from workbench.errors import WorkbenchError
from workbench.language.said import say

FOLDS_BELOW_CLIPS = 80  # confirmed clips; the test clips of fewer prove next to nothing
DEFAULT_FOLDS = 5


NORMALIZER_NAMES = ("none", "english", "marks", "turkic", "characters")  # text.NORMALIZERS, which takes longer to load
EFFORTS = ("quick", "usual", "thorough")
NO_TRACKER = "none"
REHEARSAL_TEXTS = ("base", "labels")
TRACKER_NAMES = (NO_TRACKER, "tensorboard", "trackio")


def _setting(default: Any, help_: str, *, auto: str = "") -> Any:
    """A field with its help; with `auto`, which says what else may be given, None is chosen by the clips."""
    return field(default=default, metadata={"help": help_, "auto": auto})


@dataclass(frozen=True)
class TrainingConfig:
    """How one fine-tune learns. Every field's help text stands on the page and on the command line.

    Raises:
        WorkbenchError: A value is impossible; the message says what to choose instead.
    """

    effort: str = _setting(
        "usual", say("How long to train: quick, usual or thorough; settings of your own count more.")
    )
    epochs: int = _setting(12, say("How often each training clip is heard."))
    learning_rate: float = _setting(5e-5, say("Peak step size of AdamW; higher learns faster and forgets faster."))
    batch_clips: int = _setting(8, say("At most this many clips in one update."))
    batch_seconds: float = _setting(50.0, say("At most about this many seconds of sound in one update."))
    weight_decay: float = _setting(0.01, say("Pull of the weights towards zero."))
    warmup_share: float = _setting(0.1, say("Share of the updates over which the rate rises to its peak."))
    max_updates: int = _setting(400, say("No more updates than this, however many epochs."))
    patience: int = _setting(
        5, say("Stop after this many checks on the dev clips without progress; 0 never stops early.")
    )
    time_mask: float = _setting(0.05, say("Share of the frames masked while learning (SpecAugment), 0 to 0.6."))
    dropout: float | None = _setting(
        None, say("Share of activations dropped while learning, 0 to 0.5; the model's own.")
    )
    augment_copies: int = _setting(0, say("Altered copies of each training clip (speed, noise, room), 0 to 100."))
    folds: int = _setting(0, say("Number of cross-validation folds; 0 or 1 uses the set's own test clips."))
    blocks: str = _setting(
        "",
        say(
            "Blocks that learn with the strategy custom, or get adapters with lora, by name; after a colon what learns "
            "in one: 'encoder 4: lora, encoder 5: norms, head'."
        ),
    )
    window: float | None = _setting(
        None,
        say(
            "Whole seconds of sound that a Whisper model hears at once, 1 to 30; auto takes the shortest that fits the "
            "clips."
        ),
        auto="SECONDS",
    )
    lora_rank: int = _setting(16, say("Rank of the low-rank adapters with the strategy lora, 1 to 256."))
    extend_alphabet: bool = _setting(False, say("Add the labels' new characters to the model's alphabet."))
    seed: int = _setting(0, say("Seed of everything random in the run."))
    language: str | None = _setting(
        None, say("Language code of the labels, for spelling numbers; the set's by default.")
    )
    task: str = _setting("transcribe", say("What a Whisper model writes: transcribe, or translate (into English)."))
    normalizer: str | None = _setting(
        None, say("Text normalizer for scoring: none, english, marks, turkic or characters; chosen by default.")
    )
    general_set: str | None = _setting(
        None, say("Set on which forgetting is measured: a set's name, or none; for English the bundled set general.")
    )
    red_line: float = _setting(3.0, say("Points of word error rate that may be lost on that set, 0 to 100."))
    max_forgetting: float = _setting(
        0.5, say("Points of word error rate on general speech that a blend may lose, 0 to 100.")
    )
    blend: float | None = _setting(
        None,
        say(
            "Share of what was learned that the model keeps, 0 (the base) to 1 (as trained); auto takes the best that "
            "forgets little enough."
        ),
        auto="SHARE",
    )
    rehearsal: float = _setting(
        0.0, say("Share of each update that is general speech, so that less of it is forgotten; 0 to 0.9.")
    )
    rehearsal_texts: str = _setting(
        "base",
        say("What rehearsed clips are to be written as: base, as the base model writes them, or labels."),
    )
    pull: float = _setting(
        0.0, say("Share of what was learned that each update takes back towards the base (L2-SP), 0 to 0.5.")
    )
    tracker: str = _setting(
        NO_TRACKER,
        say("Who else gets the curves, in the run's folder: none, or tensorboard or trackio where installed."),
    )

    def __post_init__(self) -> None:
        _require(self.effort in EFFORTS, "effort", self.effort, say("quick, usual or thorough"))
        _require(
            self.window is None or (1 <= self.window <= 30 and float(self.window).is_integer()),
            "window",
            self.window,
            say("a whole number of seconds from 1 to 30, or auto"),
        )
        _require(1 <= self.epochs <= 1000, "epochs", self.epochs, say("a whole number from 1 to 1000"))
        _require(
            0 < self.learning_rate <= 0.1, "learning_rate", self.learning_rate, say("a number above 0, at most 0.1")
        )
        _require(1 <= self.batch_clips <= 64, "batch_clips", self.batch_clips, say("a whole number from 1 to 64"))
        _require(1 <= self.batch_seconds <= 600, "batch_seconds", self.batch_seconds, say("1 to 600 seconds"))
        _require(0 <= self.weight_decay < 1, "weight_decay", self.weight_decay, say("a number from 0 to below 1"))
        _require(0 <= self.warmup_share < 1, "warmup_share", self.warmup_share, say("a number from 0 to below 1"))
        _require(
            1 <= self.max_updates <= 100_000, "max_updates", self.max_updates, say("a whole number from 1 to 100000")
        )
        _require(0 <= self.patience <= 1000, "patience", self.patience, say("a whole number from 0 to 1000"))
        _require(0 <= self.time_mask <= 0.6, "time_mask", self.time_mask, say("a share from 0 to 0.6"))
        _require(
            self.dropout is None or 0 <= self.dropout <= 0.5, "dropout", self.dropout, say("a share from 0 to 0.5")
        )
        _require(
            0 <= self.augment_copies <= 100, "augment_copies", self.augment_copies, say("a whole number from 0 to 100")
        )
        _require(1 <= self.lora_rank <= 256, "lora_rank", self.lora_rank, say("a whole number from 1 to 256"))
        _require(self.task in ("transcribe", "translate"), "task", self.task, say("transcribe or translate"))
        _require(0 <= self.rehearsal <= 0.9, "rehearsal", self.rehearsal, say("a share from 0 to 0.9"))
        _require(
            self.rehearsal_texts in REHEARSAL_TEXTS, "rehearsal_texts", self.rehearsal_texts, say("base or labels")
        )
        _require(0 <= self.pull <= 0.5, "pull", self.pull, say("a share from 0 to 0.5"))
        _require(0 <= self.red_line <= 100, "red_line", self.red_line, say("a number of points from 0 to 100"))
        _require(
            0 <= self.max_forgetting <= 100,
            "max_forgetting",
            self.max_forgetting,
            say("a number of points from 0 to 100"),
        )
        _require(self.blend is None or 0 <= self.blend <= 1, "blend", self.blend, say("a share from 0 to 1, or auto"))
        _require(self.tracker in TRACKER_NAMES, "tracker", self.tracker, say("none, tensorboard or trackio"))
        _require(0 <= self.folds <= 50, "folds", self.folds, say("a whole number from 0 to 50"))
        _require(
            self.normalizer in (None, *NORMALIZER_NAMES),
            "normalizer",
            self.normalizer,
            say("none, english, marks, turkic or characters"),
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TrainingConfig":
        """Build from stored values; fields of other versions are passed over."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in values.items() if k in known})


def _require(holds: bool, name: str, value: object, instead: str) -> None:
    if not holds:
        raise WorkbenchError(
            say(
                "The setting {setting} cannot be {value}; choose {instead}.",
                setting=name.replace("_", " "),
                value=value,
                instead=instead,
            )
        )


def setting_help(name: str) -> str:
    """The help text of one field of TrainingConfig."""
    found: str = next(f.metadata["help"] for f in fields(TrainingConfig) if f.name == name)
    return found
