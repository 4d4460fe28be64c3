"""Times of pieces make up the times of the whole."""

from workbench.core.word_times import WordTimes, joined, later


def test_pieces_follow_one_another_at_their_places() -> None:
    first, second = WordTimes(((0.1, 0.2), None)), WordTimes(((0.0, 0.5),))
    assert joined([first, later(second, 3.0)]) == WordTimes(((0.1, 0.2), None, (3.0, 3.5)))
    assert joined([]) == WordTimes()


def test_where_a_piece_has_no_times_the_whole_says_why() -> None:
    assert joined([WordTimes(((0.0, 1.0),)), WordTimes(why="No.")]) == WordTimes(why="No.")
