"""The report: the ten clips it picks, and a file that holds everything and asks nobody for anything."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import soundfile
from PIL import Image

from tests.services.finished import finished_run
from tests.ui.conftest import HOSTILE
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.errors import DataError
from workbench.services.results.report import choose
from workbench.services.workbench import Workbench
from workbench.ui.report.page import report_html, report_name


def groups(base: list[int], adapted: list[int]) -> list[tuple[int, str]]:
    """What is chosen where clip n has so many wrong words of ten before and after."""
    words = [f"w{k}" for k in range(10)]

    def heard(errors: int) -> str:
        return " ".join(["x"] * errors + words[errors:])

    rows = [
        ComparisonRow(str(n), " ".join(words), heard(b), heard(a))
        for n, (b, a) in enumerate(zip(base, adapted, strict=True))
    ]
    return choose(compare(rows, normalizer="none"))


def test_four_improved_three_broken_three_still_wrong() -> None:
    better, worse, wrong, right = (
        [(9, n) for n in range(6)],
        [(n, 8) for n in range(5)],
        [(n, n) for n in (1, 5, 3, 9)],
        [(0, 0)],
    )
    pairs = better + worse + wrong + right
    picked = groups([b for b, _ in pairs], [a for _, a in pairs])
    assert picked == [
        *((n, "improved") for n in (0, 1, 2, 3)),
        *((n, "broken") for n in (6, 7, 8)),
        *((n, "wrong") for n in (14, 12, 13)),
    ]


def test_free_places_go_on_in_order_and_no_clip_comes_twice() -> None:
    picked = groups([5] * 6 + [0, 0, 0], [1, 0, 2, 3, 4, 4, 1, 0, 0])
    assert [group for _, group in picked] == ["improved"] * 6 + ["broken"] + ["right"] * 2
    assert len({number for number, _ in picked}) == len(picked) == 9
    assert groups([], []) == []


@pytest.fixture
def bench(tmp_path: Path, make_wav: Callable[..., Path]) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    files = [(make_wav(f"{i}.wav", 0.4, seed=i), f"<i>{i}.wav") for i in range(14)]
    opened.collecting.add_files("<u>s</u>", files, language="en", speaker="<s>ada</s>")
    opened.collecting.set_words("<u>s</u>", ["<em>alpha</em>", "never"])
    for clip in opened.labelling.clips("<u>s</u>"):
        opened.labelling.save(clip.id, f"alpha {clip.id} {HOSTILE}", author="ada", confirmed=True)
    yield opened
    opened.close()


class Page(HTMLParser):
    """What a browser would see: tags, addresses, and the text without style and head."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data", "poster")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def attached(page: Page, kind: str) -> list[bytes]:
    start = f"data:{kind};base64,"
    return [base64.b64decode(a[len(start) :]) for a in page.addresses if a.startswith(start)]


def test_the_report_holds_everything_and_runs_nothing(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(bench, monkeypatch, "<u>s</u>", normalizer="none", seed=7)
    bench.history.rename(run, HOSTILE[:80])
    bench.history.annotate(run, f"note\n{HOSTILE}")
    report = bench.reporting.of(run)
    document = report_html(report)
    page = Page(document)
    assert not {"script", "iframe", "object", "link", "form", "i", "u", "em"} & set(page.tags)
    assert page.handlers == []
    assert all(address.startswith("data:") for address in page.addresses)
    assert "url(" not in document
    assert "@import" not in document
    assert "default-src 'none'" in document
    sounds, pictures = attached(page, "audio/mpeg"), attached(page, "image/webp")
    assert len(sounds) == len(pictures) == len(report.clips) == 10
    samples, rate = soundfile.read(io.BytesIO(sounds[0]))
    assert (rate, samples.ndim) == (16_000, 1)
    assert len(samples) == pytest.approx(6_400, abs=1_600)
    assert Image.open(io.BytesIO(pictures[0])).size[0] == 1000
    text = " ".join("".join(page.text).split())
    result = bench.comparing.of_run(run).comparison
    assert " ".join(result.sentence().split()) in text
    for said in (
        run,
        "<i>0.wav",
        "<s>ada</s>",
        "<em>alpha</em>",
        "alert(1)",
        "torch 2.0",
        report.labels.fingerprint,
    ):
        assert said in text
    assert " ".join(report.run.command.split()) in text
    assert report_name(report).startswith(f"{run} ")
    assert not re.search(r'[<>:"/\\|?*$]', report_name(report))


def test_the_user_may_choose_the_clips_but_only_tested_ones(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(bench, monkeypatch, "<u>s</u>")
    tested = [row.clip_id or 0 for row in bench.comparing.of_run(run).comparison.rows]
    wanted = [tested[3], tested[1]]
    report = bench.reporting.of(run, [*wanted, wanted[0]])
    assert [c.row.clip_id for c in report.clips] == wanted
    assert report.chosen
    with pytest.raises(DataError, match="was not tested on clip 9999"):
        bench.reporting.of(run, [9999])


def test_a_missing_sound_is_said(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(bench, monkeypatch, "<u>s</u>")
    clip = bench.reporting.of(run).clips[0].row.clip_id
    bench.workspace.sound_path(bench.labelling.clip(clip or 0).sha256).unlink()
    report = bench.reporting.of(run)
    assert [c.sound is None for c in report.clips].count(True) == 1
    assert "The sound was deleted since" in report_html(report)


@pytest.mark.slow
def test_corrected_labels_change_the_fingerprint_of_the_next_run(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (bench.reporting.of(finished_run(bench, monkeypatch, "<u>s</u>")).labels for _ in range(2))
    assert first.fingerprint == second.fingerprint
    clip = bench.labelling.clips("<u>s</u>")[0]
    bench.labelling.save(clip.id, "alpha corrected", author="ada", confirmed=True)
    third = bench.reporting.of(finished_run(bench, monkeypatch, "<u>s</u>")).labels
    assert (third.fingerprint == first.fingerprint, third.count) == (False, first.count)
