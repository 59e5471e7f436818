import json
import re

import msgspec
import pandas as pd
import pytest
from browser import browser, opened
from made_cohort import make_cohort
from made_findings import make_hip, make_record

from ho_detect.export.pages.cohort import write_cohort_page
from ho_detect.export.tables import write_table
from ho_detect.flags import flag
from ho_detect.results.rows import HipRow, LesionRow, StudyRow, hip_rows

EVIL = "</script><script>alert('evil')</script><img src=x onerror=alert('evil')>"
ROWS = "tr.hip"
#: Whether the last of the rows that are there says this in a column.
LAST_SAYS = """([field, text]) => {
  const place = [...document.querySelectorAll("th")].findIndex((head) => head.dataset.field === field);
  return [...document.querySelectorAll("tr.hip")].at(-1).cells[place].textContent === text;
}"""
VISIBLE = """field => {
  const place = [...document.querySelectorAll("th")].findIndex((head) => head.dataset.field === field);
  return [...document.querySelectorAll("tr.hip")].map((row) => row.cells[place].textContent);
}"""


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    out = make_cohort(tmp_path_factory.mktemp("cohort"), 60)
    write_cohort_page(out)
    return out


@pytest.fixture
def shown(chromium, cohort):
    page = opened(chromium, cohort / "index.html")
    page.page.wait_for_selector(ROWS)
    return page


def values(shown, field):
    return shown.page.evaluate(VISIBLE, field)


def sort_by(shown, field, times=1):
    for _ in range(times):
        shown.page.click(f"th[data-field={field}] button")


def test_what_the_page_holds_is_what_the_tables_hold(cohort):
    (text,) = re.findall(
        r"<script[^>]*application/json[^>]*>(.*?)</script>", (cohort / "index.html").read_text(), re.DOTALL
    )
    hips, held = pd.read_csv(cohort / "summary.csv", dtype={"brooker_ct": str}), json.loads(text)["hips"]
    said = {"True": "yes", "False": "no"}
    assert held["min_gap_mm"] == [None if pd.isna(gap) else round(gap, 3) for gap in hips.min_gap_mm]
    assert held["bridging"] == [said.get(str(value)) for value in hips.bridging]
    assert set(held["bridging"]) >= {"yes", "no"}
    assert held["side"] == hips.side.tolist()
    assert held["brooker_ct"] == hips.brooker_ct.where(hips.brooker_ct.notna(), None).tolist()
    volumes = [None if pd.isna(value) else value / 1000 for value in hips.total_volume_mm3]
    assert held["total_volume_mm3"] == pytest.approx(volumes, abs=0.0011)
    assert held["finding"] == hips.finding.fillna(hips.status).tolist()


class TestTable:
    def test_silent_and_asks_only_for_pictures_beside_it(self, shown, cohort):
        shown.page.wait_for_function("() => document.querySelector('.thumb').naturalWidth === 240")
        assert shown.said == []
        assert all(url.startswith(cohort.as_uri()) and url.endswith("thumbnail.webp") for url in shown.asked)

    def test_counts_are_those_of_the_tables(self, shown, cohort):
        hips, studies = pd.read_csv(cohort / "summary.csv"), pd.read_csv(cohort / "studies.csv")
        counts = dict(
            zip(shown.page.locator(".counts dt").all_inner_texts(), shown.page.locator(".counts dd").all_inner_texts(),
                strict=True)
        )  # fmt: skip
        assert int(counts["series found"]) == len(studies)
        assert int(counts["failed"]) == 3
        assert int(counts["left out"]) == 5
        assert int(counts["with ossification"]) == (hips.finding == "present").sum()

    def test_sorts_numbers_as_numbers_missing_last(self, shown, cohort):
        volumes = pd.read_csv(cohort / "summary.csv").total_volume_mm3 / 1000
        sort_by(shown, "total_volume_mm3")
        assert float(values(shown, "total_volume_mm3")[0]) == pytest.approx(volumes.max(), abs=0.006)
        sort_by(shown, "min_gap_mm", times=2)  # upwards
        gaps = values(shown, "min_gap_mm")
        assert gaps[0] == "bridges"
        shown.page.locator("#window").evaluate("pane => pane.scrollTop = pane.scrollHeight")
        shown.page.wait_for_function(LAST_SAYS, arg=["min_gap_mm", "–"])

    def test_filters_by_words_and_choice_and_bar(self, shown, cohort):
        hips = pd.read_csv(cohort / "summary.csv", dtype={"brooker_ct": str})
        shown.page.fill("#words", "posterior left")
        wanted = hips[hips.sectors.fillna("").str.contains("posterior") & (hips.side == "left")]
        assert shown.page.inner_text("#shown") == f"{len(wanted)} of {len(hips)} hips"
        shown.page.fill("#words", "")
        shown.page.select_option("#only-brooker_ct", "III")
        assert set(values(shown, "brooker_ct")) == {"III"}
        assert shown.page.inner_text("#shown") == f"{(hips.brooker_ct == 'III').sum()} of {len(hips)} hips"
        shown.page.locator("#plots [role=button]").filter(has_text="III").first.click()
        assert shown.page.inner_text("#shown") == f"{len(hips)} hips"

    def test_plots_follow_the_filter(self, shown, cohort):
        lesions = pd.read_csv(cohort / "lesions.csv")
        shown.page.select_option("#only-side", "right")
        mature = shown.page.locator("#plots figure").filter(has_text="Maturity").locator("g").filter(has_text="mature")
        wanted = ((lesions.side == "right") & (lesions.maturity == "mature")).sum()
        assert mature.first.locator(".number").text_content() == str(wanted)

    def test_leads_to_the_reports(self, shown):
        shown.page.locator("tr.hip a").nth(1).click()
        shown.page.wait_for_url("**/series-000001/report.html")
        assert shown.page.title() == "report 1"

    def test_failures_with_their_reasons(self, shown):
        text = shown.page.inner_text("#others")
        assert "gap of 2 slices" in text
        assert "missing_slices" in text
        assert "5 × a localizer or survey image" in text


class TestWhy:
    """What qualifies a hip stands beside its finding, and identities only where they were asked for."""

    def made(self, tmp_path, **changes):
        out = make_cohort(tmp_path, 1)
        record = make_record(hips=(make_hip("left", **changes), make_hip("right")), lesions=())
        write_table(out, "summary", HipRow, hip_rows(record, "series-000001"))
        write_table(out, "lesions", LesionRow, [])
        return out

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"finding": "indeterminate", "undecided_volume_mm3": 12_300.0,
              "reasons": (flag("set_aside_undecided", "native_unsure"),)}, "12.3 mL undecided"),
            ({"finding": None, "status": "not_assessable", "hidden_share": 0.814, "grades_at_least": True,
              "reasons": (flag("hidden_by_metal"),)}, "metal hides 81 %"),
            ({"finding": "indeterminate", "status": "partly_in_view", "reasons": (flag("hip_cut_by_view"),)},
             "cut by the field of view"),
            ({}, ""),
        ],
    )  # fmt: skip
    def test_why_a_hip_is_indeterminate_or_not_assessable(self, chromium, tmp_path, changes, said):
        shown = opened(chromium, write_cohort_page(self.made(tmp_path, **changes)))
        shown.page.wait_for_selector(ROWS)
        assert shown.page.locator("tr.hip >> nth=0").locator(".why").text_content() == said

    def test_beside_metal_grades_are_the_least_and_no_volume_is_nothing_but_zeros(self, chromium, tmp_path):
        out = self.made(tmp_path, grades_at_least=True, brooker_ct="II", total_volume_mm3=2.0, finding="present")
        shown = opened(chromium, write_cohort_page(out))
        shown.page.wait_for_selector(ROWS)
        assert values(shown, "brooker_ct") == ["≥ II", "0"]
        assert values(shown, "total_volume_mm3") == ["<0.01", "0"]

    def test_source_and_date_only_where_identities_are_kept(self, chromium, tmp_path):
        out = self.made(tmp_path)
        assert "Source folder" not in write_cohort_page(out).read_text(encoding="utf-8")
        (row,) = (
            pd.read_parquet(out / "studies.parquet")
            .astype(object)
            .where(lambda f: f.notna(), None)
            .to_dict("records")[:1]
        )
        row |= {"flags": (), "source": "/archive/one/CT", "study_date": "20240131", "patient_id": "P-1"}
        write_table(out, "studies", StudyRow, [StudyRow(**row)])
        shown = opened(chromium, write_cohort_page(out))
        shown.page.wait_for_selector(ROWS)
        assert values(shown, "source")[0] == "/archive/one/CT"
        assert values(shown, "study_date")[0] == "2024-01-31"


class TestWidth:
    @pytest.mark.parametrize("width", [700, 1400])
    def test_no_column_is_cut_off(self, chromium, cohort, width):
        page = opened(chromium, cohort / "index.html", viewport={"width": width, "height": 900}).page
        page.wait_for_selector(ROWS)
        assert page.evaluate(
            "document.getElementById('window').scrollWidth <= document.getElementById('window').clientWidth"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_the_printed_head_stands_over_the_table_once(self, chromium, cohort):
        page = opened(chromium, cohort / "index.html").page
        page.wait_for_selector(ROWS)
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.querySelector('#table thead th')).position") == "static"
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


class TestThousands:
    def test_few_rows_are_in_the_page_and_all_can_be_reached(self, chromium, tmp_path):
        out = make_cohort(tmp_path, 2500, n_failed=700)
        path = write_cohort_page(out)
        assert path.stat().st_size < 4e6
        shown = opened(chromium, path)
        shown.page.wait_for_selector(ROWS)
        assert shown.page.inner_text("#shown") == "5000 hips"
        assert shown.page.locator(ROWS).count() < 60
        shown.page.locator("#window").evaluate("pane => pane.scrollTop = pane.scrollHeight")
        shown.page.wait_for_function(LAST_SAYS, arg=["number", "2500"])
        assert shown.page.locator(ROWS).count() < 60
        assert len(shown.asked) < 200  # pictures out of sight are not asked for
        assert shown.said == []


class TestEdges:
    def test_an_empty_run(self, chromium, tmp_path):
        path = write_cohort_page(make_cohort(tmp_path, 0, n_failed=0, n_left_out=0))
        shown = opened(chromium, path)
        assert shown.page.inner_text("#shown") == "0 hips"
        assert not shown.page.locator("#others").is_visible()
        assert shown.said == []

    def test_markup_in_any_text_does_nothing(self, chromium, tmp_path):
        out = make_cohort(tmp_path, 2)
        studies = [
            StudyRow(**{**row, "flags": tuple(row["flags"]), "message": EVIL, "patient_id": EVIL, "modality": EVIL})
            for row in pd.read_parquet(out / "studies.parquet").astype(object).where(lambda f: f.notna(), None)
            .to_dict("records")
        ]  # fmt: skip
        write_table(out, "studies", StudyRow, [msgspec.structs.replace(s, n_slices=1) for s in studies])
        shown = opened(chromium, write_cohort_page(out))
        shown.page.wait_for_selector(ROWS)
        assert EVIL in shown.page.inner_text("tr.hip >> nth=0")
        assert EVIL in shown.page.inner_text("#others")
        assert shown.said == []

    def test_without_reports_it_leads_to_the_records(self, tmp_path):
        out = make_cohort(tmp_path, 1)
        for name in ("report.html", "thumbnail.webp"):
            (out / "series-000001" / name).unlink()
        html = write_cohort_page(out).read_text(encoding="utf-8")
        assert "series-000001/findings.json" in html
        assert '"pictures": {}' in html
        assert '"patient_id"' not in html

    def test_same_tables_same_page(self, tmp_path):
        pages = [write_cohort_page(make_cohort(tmp_path / name, 3)).read_bytes() for name in "ab"]
        assert pages[0] == pages[1]

    def test_without_tables(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            write_cohort_page(tmp_path)
