"""Numbers and moments as each language writes them; English as before."""

from datetime import datetime

import pytest

from workbench.language.spoken import speaking
from workbench.ui.kit.html import count, fill, number, percent, points, span, when, whole_percent


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["12.3 %", "\N{MINUS SIGN}1.5", "+2", "0.0", "3.2 M", "15,700", "1.6 h", "1,234 of 2.50", "0.5"]),
        ("de", ["12,3 %", "\N{MINUS SIGN}1,5", "+2", "0,0", "3,2 M", "15.700", "1,6 h", "1.234 of 2,50", "0,5"]),
    ],
)
def test_numbers(language: str, said: list[str]) -> None:
    with speaking(language):
        assert [
            percent(0.1234),
            points(-0.015),
            points(0.02, short=True),
            points(-0.0001),
            count(3_200_000),
            count(15_700),
            span(5760),
            fill("{n:,} of {part:.2f}", n=1234, part=2.5),
            number(0.5, "g"),
        ] == said
        assert whole_percent(0.5) == "50 %"
        assert number(1e-5, "g") == "1e-05"


@pytest.mark.parametrize(("language", "said"), [("en", "2026-03-04 05:06"), ("de", "04.03.26, 05:06")])
def test_moments(language: str, said: str) -> None:
    with speaking(language):
        assert when(datetime(2026, 3, 4, 5, 6)) == said
