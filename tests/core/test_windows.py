"""The window in which clips are heard: as short as they let it be."""

import pytest

from workbench.core.windows import AIR, WINDOWS, fitting_window


@pytest.mark.parametrize(
    ("longest", "own", "window"),
    [(2.0, 30.0, 5), (4.9, 30.0, 5), (4.95, 30.0, 10), (9.9, 30.0, 10), (14.95, 30.0, 20), (19.95, 30.0, None)],
)
def test_the_shortest_window_with_air(longest: float, own: float, window: int | None) -> None:
    assert fitting_window([0.5, longest, 1.0], own) == window


def test_a_model_keeps_its_own_window_where_a_shorter_one_gains_nothing() -> None:
    assert fitting_window([1.0], 5.0) is None
    assert fitting_window([1.0], 15.0) is None  # a demo model of ours
    assert fitting_window([1.0], None) is None  # a clip costs its own length
    assert fitting_window([31.0], 30.0) is None
    assert fitting_window([], 30.0) == WINDOWS[0]


def test_every_window_leaves_air() -> None:
    for tenths in range(1, 300):
        found = fitting_window([tenths / 10], 30.0)
        assert found is None or found >= tenths / 10 + AIR
