"""The command line of the recipe."""

import argparse
import os
import random
import sys
import time
from itertools import islice
from pathlib import Path
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence; `--help` tells the usage."""

    def error(self, message: str) -> NoReturn:
        """Leave with the sentence."""
        self.exit(2, f"error: {message}\n")


def existing_file(text: str) -> Path:
    """The path of a file that is there, or a message for the command line."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no text file {text!r}; give another or none")
    return path


def existing_folder(text: str) -> Path:
    """The path of a folder that is there, or a message for the command line."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text!r}")
    return path


def require_engines() -> None:
    """Leave with a message where a synthesiser is missing."""
    from recipes.pretrain.voices import missing_engines

    if missing := missing_engines():
        sys.exit(f"{' and '.join(missing)} not found on the PATH; install with: sudo apt install {' '.join(missing)}")


def make(args: argparse.Namespace) -> None:
    """Everything in one go."""
    from recipes.pretrain.copies import Copies
    from recipes.pretrain.recipe import Order
    from recipes.pretrain.recipe import make as run

    require_engines()
    order = Order(
        model=args.model, minutes=args.minutes, work=args.work, out=args.out or args.work / "model", books=args.books,
        consultations=args.consultations, start_from=args.start_from, teacher=args.teacher, layers=args.layers,
        rate=args.rate, real=tuple(args.real),
    )  # fmt: skip
    made = run(order)
    if not Copies.met().rank:
        print(f"{(made / 'README.md').read_text(encoding='utf-8').partition('## Recipe')[0]}model folder: {made}")


def speak(args: argparse.Namespace) -> None:
    """Make one folder of synthetic speech, or many of training lines for some minutes."""
    from recipes.pretrain import recipe, speech, texts, voices

    require_engines()
    corpus = texts.Corpus(args.books, args.consultations)
    if args.minutes:
        until = time.time() + 60 * args.minutes
        args.out.mkdir(parents=True, exist_ok=True)
        for speaker in speech.speaking(corpus, args.out, until=until, cores=args.cores, seed=args.seed):
            speaker.join()
        return
    draw = voices.draw_test_voice if args.voices == "unheard" else voices.draw_voice
    if args.part == "train":
        lines = texts.draw_lines(corpus, seed=args.seed)
    else:
        lines = recipe.held_out_lines(args.books, args.part, seed=args.seed)
    seconds = speech.speak_all(speech.with_voices(islice(lines, args.clips), draw, seed=args.seed), args.out)
    print(f"{args.out}: {seconds / 3600:.2f} hours")


def train(args: argparse.Namespace) -> None:
    """Train within a budget, taking up a checkpoint that is there."""
    from recipes.pretrain.recipe import begun
    from recipes.pretrain.texts import Corpus
    from recipes.pretrain.train import Plan
    from recipes.pretrain.train import train as run

    settings = {
        "peak_rate": args.rate,
        "batch_s": args.batch_s,
        "all_voices_from": args.all_voices_from,
        "score_every_s": args.score_every_s,
        "sitting_minutes": args.sitting,
        "replayed": args.replay,
    }
    plan = Plan(
        speech=args.speech, dev=args.dev, out=args.out, minutes=args.minutes, real=tuple(args.real),
        **{name: value for name, value in settings.items() if value is not None},
    )  # fmt: skip
    corpus = Corpus(args.books, args.consultations)
    run(plan, begun(args.model, args.start_from, corpus, args.out, teacher=args.teacher, layers=args.layers))


def score(args: argparse.Namespace) -> None:
    """Print a table of the errors of a model folder, or of a checkpoint's averaged model, on test sets."""
    from recipes.pretrain.card import error_table
    from recipes.pretrain.recipe import evaluated, learner_of, test_sets
    from recipes.pretrain.texts import Corpus

    for folder in args.models:
        learner = learner_of(args.model, folder, Corpus())
        print(f"{folder}\n{error_table(evaluated(learner, learner.module, test_sets(args.work, tuple(args.real))))}")


def export(args: argparse.Namespace) -> None:
    """Write a checkpoint's averaged model in half precision."""
    from recipes.pretrain.recipe import begun
    from recipes.pretrain.texts import Corpus
    from recipes.pretrain.train import averaged_of

    learner = begun(args.model, args.start_from, Corpus(), args.run_folder, layers=args.layers)
    args.out.mkdir(parents=True, exist_ok=True)
    learner.save(averaged_of(args.run_folder, learner), args.out)


def parser() -> argparse.ArgumentParser:
    """The verbs and their arguments."""
    top = Parser(prog="python -m recipes.pretrain", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="VERB")

    texts = argparse.ArgumentParser(add_help=False)
    texts.add_argument("--books", type=existing_file, help="one clause per line; the last lines are held out")
    texts.add_argument("--consultations", type=existing_file, help="one sentence per line; a tenth of the clips")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", choices=("ctc-en", "whisper-en"), default="ctc-en")
    start = argparse.ArgumentParser(add_help=False)
    start.add_argument("--from", dest="start_from", type=existing_folder, help="a model folder; else random weights")
    start.add_argument("--layers", type=int, help="of the encoder, to make the model of --from deeper")
    teacher = argparse.ArgumentParser(add_help=False)
    teacher.add_argument("--teacher", type=existing_folder, help="a whisper-en of this recipe, which teaches ctc-en")
    start.add_argument("--rate", type=float, help="peak learning rate; a trained model goes on with a small one")
    real = argparse.ArgumentParser(add_help=False)
    real.add_argument("--real", type=existing_folder, nargs="*", default=[], help="sets with a manifest, scored only")

    whole = [texts, model, start, teacher, real]
    verb = verbs.add_parser("make", parents=whole, help="speak, train, evaluate, write the model")
    verb.add_argument("--minutes", type=float, default=120.0, help="for all of it; a later, longer run goes on")
    verb.add_argument("--work", type=Path, required=True, help="folder for the speech and the checkpoint")
    verb.add_argument("--out", type=Path, help="the model folder (WORK/model)")
    verb.set_defaults(run=make)

    verb = verbs.add_parser("speak", parents=[texts], help="make a folder of synthetic speech")
    verb.add_argument("out", type=Path)
    verb.add_argument("--clips", type=int, default=5_000)
    verb.add_argument("--minutes", type=float, help="speak training lines into OUT/1, OUT/2, ... for so long instead")
    verb.add_argument("--cores", type=int, default=os.cpu_count(), help="processes, of --minutes")
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("--part", choices=("train", "dev", "test"), default="train")
    verb.add_argument("--voices", choices=("heard", "unheard"), default="heard")
    verb.set_defaults(run=speak)

    verb = verbs.add_parser("train", parents=whole, help="train against the clock")
    verb.add_argument("out", type=Path, help="folder of the checkpoint and the log")
    verb.add_argument("--speech", type=existing_folder, required=True, help="holds the folders made by `speak`")
    verb.add_argument("--dev", type=existing_folder, help="a folder made by `speak --part dev`, scored for the log")
    verb.add_argument("--minutes", type=float, required=True, help="of all sittings, after which the rate is near zero")
    verb.add_argument("--no-replay", dest="replay", action="store_false", help="where a GPU does not record its steps")
    verb.add_argument("--sitting", type=float, help="minutes after which this sitting ends; the next one goes on")
    verb.add_argument("--batch-s", type=float, help="seconds of sound in a batch")
    verb.add_argument("--score-every-s", type=float, help="seconds between two lines of errors in the log")
    verb.add_argument("--all-voices-from", type=float, help="share of the time before which only flite's voices speak")
    verb.set_defaults(run=train)

    verb = verbs.add_parser("score", parents=[model, real], help="print the errors of models on test sets")
    verb.add_argument("models", type=existing_folder, nargs="+")
    verb.add_argument("--work", type=existing_folder, required=True, help="holds the folders `heard` and `unheard`")
    verb.set_defaults(run=score)

    verb = verbs.add_parser("export", parents=[model, start], help="write a checkpoint's model, half precision")
    verb.add_argument("run_folder", type=existing_folder, help="folder of the checkpoint")
    verb.add_argument("out", type=Path)
    verb.set_defaults(run=export)
    return top


if __name__ == "__main__":
    random.seed(0)
    arguments = parser().parse_args()
    try:
        arguments.run(arguments)
    except ValueError as error:
        sys.exit(f"error: {error}")
