"""Reserved voices are never drawn for training."""

import random

from recipes.pretrain import voices


def names(draw: object, n: int = 4000) -> set[str]:
    rng = random.Random(0)
    return {voice.name for voice in (draw(rng) for _ in range(n))}


def variant(name: str) -> str:
    return name.partition("+")[2]


def test_reserved_voices_are_never_drawn_for_training() -> None:
    trained = names(voices.draw_voice)
    assert not trained & {*voices.TEST_FLITE, *voices.TEST_ACCENTS}
    assert not {variant(name) for name in trained} & {*voices.TEST_VARIANTS, *voices.SAMPLE_VARIANTS}


def test_every_voice_of_the_recipe_is_drawn() -> None:
    trained = names(voices.draw_voice)
    assert set(voices.FLITE) <= trained
    assert {variant(name) for name in trained} >= set(voices.VARIANTS)


def test_test_voices_are_all_reserved() -> None:
    for name in names(voices.draw_test_voice):
        assert name in (*voices.TEST_FLITE, *voices.TEST_ACCENTS) or variant(name) in voices.TEST_VARIANTS


def test_the_reserved_list_is_what_the_model_cards_promise() -> None:
    assert voices.TEST_FLITE == ("kal",)
    assert voices.TEST_ACCENTS == ("en-029",)
    assert voices.TEST_VARIANTS == ("norbert", "travis", "anika")
    assert voices.SAMPLE_VARIANTS == ("victor", "shelby", "sandro")
