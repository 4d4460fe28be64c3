"""One base model for each set: the user's choice, kept in the store, else the best at hand; what it has heard."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.errors import DataError, UnknownNameError
from workbench.services.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    for name, language in (("one", "en"), ("two", "en")):
        opened.collecting.create_set(name, language)
    yield opened
    opened.close()


def test_a_choice_is_the_sets_and_outlives_the_process(bench: Workbench, tmp_path: Path) -> None:
    models = bench.base_models
    assert (models.chosen("one"), models.of_set("one").name) == (None, "ctc-en")
    models.choose("one", "whisper-en")
    other = Workbench.open(tmp_path / "workspace")
    assert (other.base_models.of_set("one").name, other.base_models.of_set("two").name) == ("whisper-en", "ctc-en")
    other.base_models.choose("one", "facebook/wav2vec2-base")  # of the hub, not in the catalogue
    assert models.of_set("one").location == "facebook/wav2vec2-base"
    assert models.offers("one")[-1].spec.name == "facebook/wav2vec2-base"
    other.close()


def test_a_choice_that_is_no_longer_on_offer_gives_way_to_the_best_at_hand(bench: Workbench, tmp_path: Path) -> None:
    import shutil

    from workbench.assets import assets_root

    folder = tmp_path / "my-model"
    shutil.copytree(assets_root() / "ctc-en", folder)
    with_it = Workbench.open(tmp_path / "workspace", model_folders=[folder])
    with_it.base_models.choose("one", "my-model")
    with_it.close()
    assert bench.base_models.of_set("one").name == "ctc-en"
    again = Workbench.open(tmp_path / "workspace", model_folders=[folder])
    assert again.base_models.of_set("one").name == "my-model", "and comes back with its model"
    again.close()


def test_what_cannot_be_chosen(bench: Workbench) -> None:
    with pytest.raises(UnknownNameError):
        bench.base_models.choose("one", "../../etc")
    with pytest.raises(UnknownNameError):
        bench.base_models.choose("no such set", "ctc-en")
    assert bench.base_models.chosen("one") is None


def test_what_it_has_heard_and_what_is_left_to_hear(bench: Workbench, make_wav: Callable[..., Path]) -> None:
    files = [(make_wav(f"{i}.wav", 1.0, seed=i), f"{i}.wav") for i in range(4)]
    bench.collecting.add_files("one", files)
    ids = [clip.id for clip in bench.labelling.clips("one")]
    for clip_id in ids[:3]:
        bench.labelling.save(clip_id, "open the valve", author="ann", confirmed=True)
    offered = {o.spec.name: o for o in bench.base_models.offers("one")}
    demo = offered["ctc-en"]
    assert (demo.group, demo.standing, demo.unheard) == ("demo", None, 3)
    assert demo.hearing is not None
    assert demo.minute is not None
    away = offered["whisper-base"]
    assert (away.group, away.hearing, away.minute) == ("fetchable", None, None)
    assert offered["hubert-large-ls960-ft"].group == "hub"
    bench.labelling.save_drafts("ctc-en", {ids[0]: "open a valve"}, draft=False)
    assert [clip.id for clip in bench.base_models.unheard("one", "ctc-en")] == ids[1:3]
    bench.labelling.save_drafts("ctc-en", dict.fromkeys(ids, "open the valve"), draft=False)
    heard = {o.spec.name: o for o in bench.base_models.offers("one")}["ctc-en"]
    assert (heard.unheard, heard.hearing) == (0, None)
    assert heard.standing == bench.base_models.standing("one", "ctc-en")
    assert heard.standing is not None
    assert heard.standing.clips == 3
    with pytest.raises(DataError, match="has heard every confirmed clip"):
        bench.base_models.unheard("one", "ctc-en")


def test_an_erased_set_leaves_no_choice(bench: Workbench) -> None:
    bench.base_models.choose("one", "whisper-en")
    set_id = bench.collecting.set_info("one").id
    bench.collecting.erase(set_id=set_id)
    bench.collecting.create_set("one", "en")
    assert bench.base_models.chosen("one") is None
