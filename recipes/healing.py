"""Heals the encoder of a starter model for all short windows at once: assets/healed/NAME.safetensors.

    python -m recipes.healing whisper-tiny.en --speech ../shared/audio/librispeech_dev_train \
        --speech ../shared/audio/commonvoice_english_train --updates 240

Speech of many people is asked for, without labels; folders hold a manifest.jsonl in NeMo's form. The model has to be on
this machine (`workbench fetch NAME`). A killed recipe goes on where it stood.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workbench.asr.catalog.catalog import Catalog, local_folder
from workbench.asr.catalog.healed import FOLDER, SUFFIX, encoder_hash
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.whisper import WhisperBackend
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.healing import heal
from workbench.assets import assets_root
from workbench.audio.decode import content_hash, decode_file
from workbench.core.types import SAMPLE_RATE
from workbench.core.windows import AIR, WINDOWS

LEADS = (0.0, 0.0, 0.3, 0.8, 1.5)  # seconds of near silence before the speech, as a recording of a command has it
HUM = 1e-4  # root mean square of that silence
SEED = 0


def sounds(folders: list[Path], n: int) -> Iterator[np.ndarray]:
    """(n_samples,) float32 of so many clips, over all folders, some after a silence; none longer than a window."""
    rows = []
    for folder in folders:
        for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append((float(row["duration"]), folder / row["audio_filepath"]))
    draw, noise = random.Random(SEED), np.random.default_rng(SEED)
    longest = max(WINDOWS) - AIR - max(LEADS)
    fitting = sorted(r for r in rows if r[0] <= longest)
    for _, path in draw.sample(fitting, min(n, len(fitting))):
        lead = noise.normal(0, HUM, round(draw.choice(LEADS) * SAMPLE_RATE)).astype(np.float32)
        yield np.concatenate([lead, decode_file(path).samples])


def main() -> None:
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("model")
    about.add_argument("--speech", type=Path, action="append", required=True, help="folder with a manifest; repeatable")
    about.add_argument("--clips", type=int, default=400)
    about.add_argument("--updates", type=int, default=240)
    about.add_argument("--work", type=Path, default=Path("build/healing"))
    about.add_argument("--out", type=Path, default=assets_root() / FOLDER)
    given = about.parse_args()

    spec = Catalog().find(given.model)
    folder = local_folder(spec)
    if folder is None:
        raise SystemExit(f"{given.model} is not on this machine; run `workbench fetch {given.model}` first.")
    backend = load(spec)
    if not isinstance(backend, WhisperBackend):
        raise SystemExit(f"{given.model} has no window that could be shortened; name a Whisper model.")
    items = []
    for samples in sounds(given.speech, given.clips):
        items.append(CacheItem(content_hash(samples), "", lambda samples=samples: ClipInput(samples), len(samples)))  # type: ignore[misc]
    work = given.work / given.model
    heard = FeatureCache(work / "cache", backend, backend.decode_start)
    began = time.process_time()
    heard.fill(items, done=lambda n: print(f"heard {n} of {len(items)}", flush=True))
    print(f"listening took {time.process_time() - began:.0f} processor seconds")
    began = time.process_time()
    made = heal(
        backend,
        items,
        heard,
        encoder=encoder_hash(folder),
        windows=WINDOWS,
        out=given.out / f"{given.model}{SUFFIX}",
        work=work / "checkpoints",
        updates=given.updates,
        made=lambda n: print(f"update {n} of {given.updates}", flush=True) if n % 10 == 0 else None,
    )
    print(f"{made.file}: {made.file.stat().st_size / 1e6:.1f} MB, {time.process_time() - began:.0f} processor seconds")


if __name__ == "__main__":
    main()
