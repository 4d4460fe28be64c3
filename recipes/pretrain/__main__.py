"""The command line of the recipe."""

import argparse
import random
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path


def speak(args: argparse.Namespace) -> None:
    """Make one folder of synthetic speech: training lines, or held-out ones in heard or unheard voices."""
    from recipes.pretrain import speech, texts, voices

    draw = voices.draw_test_voice if args.voices == "unheard" else voices.draw_voice
    if args.part == "train":
        lines = texts.draw_lines(texts.Corpus(args.books, args.consultations), seed=args.seed)
    else:
        labels = texts.held_out(args.books, args.part)
        random.Random(args.seed).shuffle(labels)
        lines = (texts.Line(label, label) for label in labels)
    seconds = speech.speak_all(speech.with_voices(islice(lines, args.clips), draw, seed=args.seed), args.out)
    print(f"{args.out}: {seconds / 3600:.2f} hours")


def train(args: argparse.Namespace) -> None:
    """Train until the given time of today, taking up a checkpoint that is there."""
    from recipes.pretrain.train import Plan
    from recipes.pretrain.train import train as run

    hour, minute = map(int, args.until.split(":"))
    until = datetime.now(UTC).replace(hour=hour, minute=minute, second=0).timestamp()
    run(
        Plan(
            start_from=args.start_from, speech=args.speech, dev=args.dev, out=args.out, until=until,
            real=tuple(args.real), peak_rate=args.rate,
        )
    )  # fmt: skip


def score(args: argparse.Namespace) -> None:
    """Print a table of the errors of one or several models on synthetic and recorded sets."""
    from transformers import Wav2Vec2ForCTC

    from recipes.pretrain.clips import recorded_clips, spoken_clips
    from recipes.pretrain.score import errors

    sets = {path: spoken_clips(path) for path in args.spoken} | {path: recorded_clips(path, 1000) for path in args.real}
    for model_folder in args.models:
        model = Wav2Vec2ForCTC.from_pretrained(model_folder, dtype="float32")
        for path, clips in sets.items():
            found = errors(model, clips)
            print(f"| {model_folder.name} | {path.name} | {found.n_clips} | {found.wer:.3f} | {found.cer:.3f} |")


def export(args: argparse.Namespace) -> None:
    """Write a checkpoint's averaged model in half precision."""
    from recipes.pretrain.export import export as run

    run(args.run_folder / "checkpoint.pt", args.start_from, args.out)


def parser() -> argparse.ArgumentParser:
    """The verbs and their arguments."""
    top = argparse.ArgumentParser(prog="python -m recipes.pretrain", description=__doc__)
    verbs = top.add_subparsers(required=True)

    verb = verbs.add_parser("speak", help="make a folder of synthetic speech")
    verb.add_argument("out", type=Path)
    verb.add_argument("--books", type=Path, required=True, help="one lower-case clause per line")
    verb.add_argument("--consultations", type=Path, help="one sentence per line")
    verb.add_argument("--clips", type=int, default=15_000)
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("--part", choices=("train", "dev", "test"), default="train")
    verb.add_argument("--voices", choices=("heard", "unheard"), default="heard")
    verb.set_defaults(run=speak)

    verb = verbs.add_parser("train", help="train from a start model against the clock")
    verb.add_argument("out", type=Path, help="folder of the checkpoint and the log")
    verb.add_argument("--start-from", type=Path, required=True, help="folder of a Wav2Vec2ForCTC")
    verb.add_argument("--speech", type=Path, required=True, help="folder that holds the folders made by `speak`")
    verb.add_argument("--dev", type=Path, required=True, help="a folder made by `speak --part dev`")
    verb.add_argument("--real", type=Path, nargs="*", default=[], help="sets of recordings, scored only")
    verb.add_argument("--until", required=True, help="HH:MM, UTC, today: when the learning rate has decayed")
    verb.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    verb.set_defaults(run=train)

    verb = verbs.add_parser("score", help="print the errors of models on sets")
    verb.add_argument("models", type=Path, nargs="+")
    verb.add_argument("--spoken", type=Path, nargs="*", default=[], help="folders made by `speak`")
    verb.add_argument("--real", type=Path, nargs="*", default=[], help="sets with a NeMo manifest")
    verb.set_defaults(run=score)

    verb = verbs.add_parser("export", help="write the averaged model of a checkpoint in half precision")
    verb.add_argument("run_folder", type=Path, help="folder of the checkpoint")
    verb.add_argument("out", type=Path)
    verb.add_argument("--start-from", type=Path, required=True, help="folder with the tokenizer and architecture")
    verb.set_defaults(run=export)
    return top


if __name__ == "__main__":
    arguments = parser().parse_args()
    arguments.run(arguments)
