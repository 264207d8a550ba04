"""Styles and scripts: small, ours, and free of everything that an air-gapped cluster with a strict CSP refuses."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path

import pytest

from clusters.words import age_words, bounded

ROOT = Path(__file__).resolve().parent.parent.parent
STYLES = sorted((ROOT / "static/css").glob("*.css"))
SCRIPT = ROOT / "static/js/app.js"
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))


def test_styles_are_small_enough_to_be_read_before_the_page_is() -> None:
    assert len(gzip.compress(b"".join(path.read_bytes() for path in STYLES))) < 14_000


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_stays_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 150


@pytest.mark.parametrize(
    "path", [*STYLES, *SCRIPTS, *sorted((ROOT / "templates").rglob("*.html"))], ids=lambda path: path.name
)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|\beval\(|new Function", text)


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_every_template_escapes(path: Path) -> None:
    assert not re.search(r"\|\s*safe\b|autoescape\s+off|mark_safe", path.read_text())


@pytest.mark.parametrize("name", ["up", "down", "absent", "degraded", "unknown", "late", "orphan"])
def test_every_health_has_a_glyph_of_its_own(name: str) -> None:
    assert f'[data-h="{name}"]' in (ROOT / "static/css/components.css").read_text()


@pytest.mark.parametrize(
    ("seconds", "words", "short"),
    [
        (-5, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (60, "1 min", "1 min"),
        (3600, "1 h", "1 h"),
        (8100, "2 h 15 min", "2 h"),
        (86400 * 9.5, "9 d", "9 d"),
    ],
)
def test_ages_are_read_at_a_glance(seconds: float, words: str, short: str) -> None:
    assert age_words(timedelta(seconds=seconds)) == words
    assert age_words(timedelta(seconds=seconds), short=True) == short


def test_foreign_text_is_one_bounded_line() -> None:
    assert bounded("a\nb\u202ec\x00 d" + "x" * 1000, 20) == "a b c dxxxxxxxxxxxx…"


def test_a_table_that_folds_on_a_phone_keeps_its_column_labels() -> None:
    """The first cell names the row; a head that nobody sees (a copy or revoke button's) has no label to keep."""
    for path in (ROOT / "templates").rglob("*.html"):
        for table in re.findall(r'<table class="[^"]*\bfold\b.*?</table>', path.read_text(), re.DOTALL):
            body = table.partition("<tbody>")[2]
            cells = re.findall(r"<t[dh]\b[^>]*>(?!</td>)", body)
            silent = len(re.findall(r'<th scope="col"><span class="hush">', table))
            bare = [
                cell for cell in cells[1:] if cell.startswith("<td") and not re.search("data-label=|colspan=", cell)
            ]
            assert len(bare) <= silent, (path.name, bare)
