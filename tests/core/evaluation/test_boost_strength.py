"""The strength with the fewest errors, and what it is worth on clips it was not chosen on."""

from workbench.core.evaluation.boost_strength import best_strength, out_of_fold


def test_the_fewest_errors_choose_and_the_weakest_of_equals() -> None:
    assert best_strength({0.0: [3, 3], 1.0: [1, 2], 2.0: [2, 1]}) == 1.0
    assert best_strength({0.0: [1], 1.0: [1]}) == 0.0


def test_each_clip_is_judged_at_the_strength_that_the_others_chose() -> None:
    # All together choose 2, with 10 errors against 12; but not the first two alone.
    errors = {0.0: [0, 3, 9], 2.0: [5, 5, 0]}
    assert out_of_fold(errors, [0, 0, 1]) == [5, 5, 9]
    assert out_of_fold(errors, [0, 1, 2]) == [5, 5, 9]
    assert out_of_fold({0.0: [4, 4, 4], 2.0: [1, 1, 1]}, [0, 1, 2]) == [1, 1, 1]
