import re

import msgspec
import numpy as np
import pytest
from browser import browser, opened
from made_findings import make_excluded, make_findings, make_hip, make_lesion, make_record

from ho_detect.export.pages import report as module
from ho_detect.export.pages.report import report_html
from ho_detect.flags import Flag, flag
from ho_detect.image.grid import Grid
from ho_detect.results.hip_words import hip_sentence
from ho_detect.results.lesion_words import lesion_sentence

EVIL = "<script>alert('evil')</script><img src=x onerror=alert('evil')>"
DRAWN = "() => document.querySelector('.scene')?.dataset.drawn === 'true'"
#: How many different colours the 3-D view shows.
COLOURS = """() => {
  const view = document.querySelector(".scene canvas"), copy = document.createElement("canvas");
  [copy.width, copy.height] = [view.width, view.height];
  const flat = copy.getContext("2d");
  flat.drawImage(view, 0, 0);
  return new Set(new Uint32Array(flat.getImageData(0, 0, copy.width, copy.height).data.buffer)).size;
}"""
SCENE = "document.querySelector('.scene canvas').toDataURL()"


def text_of(html):
    """The words of a page without its markup, styles and scripts."""
    words = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", words).split())


def evil_findings():
    """Findings in which every text that a scanner, a user or a rule chose is markup."""
    record = make_record(
        hips=(make_hip(status="not_assessable", finding=None, reasons=(Flag("noisy", EVIL),)), make_hip("right")),
        flags=(Flag("noisy", EVIL),),
    )
    named = {"kernel": EVIL, "manufacturer": EVIL, "patient_position": EVIL, "patient_id": EVIL, "study_date": EVIL}
    record = msgspec.structs.replace(
        record,
        series=msgspec.structs.replace(record.series, study_uid=EVIL, series_uid=EVIL, **named),
        excluded=tuple(msgspec.structs.replace(e, message=EVIL) for e in record.excluded),
    )
    return make_findings(record=record)


class TestWords:
    def test_the_sentences_of_hips_come_first_then_lesions(self):
        findings = make_findings()
        text = text_of(report_html(findings)).lower()
        places = [text.index(hip_sentence(hip, findings.lesions).partition(": ")[2].lower()) for hip in findings.hips]
        places += [text.index(lesion_sentence(lesion).partition(": ")[2].lower()) for lesion in findings.lesions]
        assert max(places[:2]) < min(places[2:])

    def test_a_note_stands_beside_a_value_alone(self):
        hips = (make_hip(finding="present", n_lesions=1), make_hip("right", status="not_in_view", finding=None))
        html = report_html(make_findings(record=make_record(hips=hips, lesions=(make_lesion(),))))
        cards = re.findall(r"<div><dt>(Brooker|Mavrogenis)[^<]*</dt><dd[^>]*>(.*?)</dd>", html)
        assert {name: "may differ from film" in text for name, text in cards} == {"Brooker": True, "Mavrogenis": False}

    def test_says_what_qualifies_the_result_and_what_it_was_made_with(self):
        findings = make_findings()
        text = text_of(report_html(findings)).lower()
        for said in (*findings.flags, *findings.record.statements):
            assert said.message.lower() in text
        software = findings.record.software
        for word in (software.version, software.settings_digest, "research use only", "mature_rim_hu", "450"):
            assert word in text

    def test_what_is_not_counted_is_told_with_its_reasons_the_undecided_first_native_bone_folded(self):
        record = make_record()
        made = {
            "native_bone": {},
            "vessel_calcium": {"probability": 0.004},
            "osteophyte": {"height_mm": 9.04, "base_mm2": 201.06, "probability": 0.034},
            "mimic_unsure": {"because": "as uniform as fluid", "probability": 0.467, "volume_mm3": 1.0},
        }
        excluded = tuple(msgspec.structs.replace(make_excluded(reason), **with_) for reason, with_ in made.items())
        html = report_html(make_findings(record=msgspec.structs.replace(record, excluded=excluded)))
        section = html.partition('<section class="card" id="excluded">')[2].partition("</section>")[0]
        text = text_of(section)
        heads = ["Undecided (1)", "Bony outgrowths beside the joint (1)", "Mimics (1)", "Native bone, what metal"]
        places = [text.index(head) for head in heads]
        assert places == sorted(places)
        undecided, outgrowth, mimic, folded = (text[a:b] for a, b in zip(places, [*places[1:], len(text)], strict=True))
        assert "cannot be told apart as uniform as fluid 0.47 &lt;0.01 – –" in undecided
        assert " 0.03 0.06 9.0 16.0 " in outgrowth
        assert " <0.01 " in mimic.replace("&lt;", "<")
        assert "by definition" in folded
        assert section.partition("<details")[0].count("<h3>") == 3
        assert section.count("<details") == 1

    def test_identity_only_where_the_record_holds_it(self):
        findings = make_findings()
        assert "Patient " not in text_of(report_html(findings)).replace("Patient position", "")
        series = msgspec.structs.replace(
            findings.record.series, patient_id="P-77", study_date="20200102", source="/ct/77"
        )
        known = make_findings(record=msgspec.structs.replace(findings.record, series=series))
        assert "Patient P-77 Study date 2020-01-02 Source /ct/77 Study" in text_of(report_html(known))

    def test_a_null_is_said_and_why(self):
        hip = make_hip(status="not_in_view", finding=None, n_lesions=None, total_volume_mm3=None, score=None)
        html = report_html(make_findings(record=make_record(hips=(hip,), lesions=())))
        assert "None" not in text_of(html)
        assert "not measured" in html
        assert "there is no lesion" in report_html(make_findings(record=make_record(hips=(make_hip(),), lesions=())))

    def test_without_hips_lesions_or_exclusions(self):
        text = text_of(report_html(make_findings(record=make_record(hips=(), lesions=(), excluded=(), flags=()))))
        assert "No hip in view." in text
        assert "Nothing else was detected." in text

    def test_markup_in_any_text_is_escaped(self):
        html = report_html(evil_findings())
        assert html.count("<script") == 2  # the mesh and the viewer
        assert "<img src=x" not in html
        assert html.count("&lt;script&gt;alert(") >= 10

    def test_same_findings_same_page(self):
        assert report_html(make_findings()) == report_html(make_findings())

    def test_of_many_lesions_the_largest_have_pictures(self):
        lesions = tuple(make_lesion(n, volume_mm3=100.0 * n) for n in range(1, 41))
        findings = make_findings(record=make_record(lesions=lesions[:1]))
        findings.labels[findings.labels > 0] = 0
        for n in range(40):
            findings.labels[n // 2, 4 + 8 * (n % 2), 2:6] = n + 1
        many = type(findings)(
            msgspec.structs.replace(findings.record, lesions=lesions), findings.labels, findings.volume
        )
        html = report_html(many)
        assert html.count("only the largest are shown") == 10
        assert html.count('id="lesion-') == 40

    def test_pictures_take_no_more_than_their_share_the_largest_lesion_first(self, monkeypatch):
        small = make_lesion(2, side="right", centroid_lps_mm=(-9.0, 7.0, 10.0), volume_mm3=99.0)
        findings = make_findings(record=make_record(lesions=(make_lesion(1), small)))
        assert report_html(findings).count('class="shot"') == 6
        largest = module._pictured(findings, findings.hips).lesions[0]
        monkeypatch.setattr(module, "_MOST_CHARACTERS", sum(len(p.image) for p in largest.extent) + 1)
        html = report_html(findings)
        assert html.count('class="shot"') == 3
        assert html.count("only the largest are shown") == 1

    def test_written_by_the_findings(self, tmp_path):
        findings = make_findings()
        path = findings.report(tmp_path / "new" / "report.html")
        assert path.read_text(encoding="utf-8") == report_html(findings)
        assert [p.name for p in path.parent.iterdir()] == ["report.html"]


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    findings = make_findings(Grid.axial((60, 60, 100), (1.0, 1.0, 1.0), (-50.0, -30.0, -20.0)))
    findings.volume.hu[5:55, 40:55, 20:80] = 800  # bone behind the lesions
    return findings.report(tmp_path_factory.mktemp("report") / "report.html")


class TestInABrowser:
    def test_silent_and_without_network(self, chromium, report):
        shown = opened(chromium, report)
        shown.page.wait_for_function(DRAWN)
        shown.page.get_by_role("button", name="outlines").click()
        assert not shown.page.locator("path.outline").first.is_visible()
        assert shown.said == []
        assert shown.asked == []

    def test_surfaces_are_drawn_and_turn(self, chromium, report):
        shown = opened(chromium, report)
        page = shown.page
        page.wait_for_function(DRAWN)
        assert page.evaluate(COLOURS) > 50
        seen = [page.evaluate(SCENE)]

        def looks_new():
            page.wait_for_function(f"old => {SCENE} !== old", arg=seen[-1], timeout=10_000)
            seen.append(page.evaluate(SCENE))

        page.locator(".scene").scroll_into_view_if_needed()
        box = page.locator(".scene").bounding_box()
        page.mouse.move(box["x"] + 150, box["y"] + 150)
        page.mouse.down()
        page.mouse.move(box["x"] + 220, box["y"] + 170)
        page.mouse.up()
        looks_new()
        page.mouse.wheel(0, 150)
        looks_new()
        page.keyboard.press("ArrowLeft")
        looks_new()
        page.keyboard.press("-")
        looks_new()
        page.get_by_role("button", name="posterior").click()
        looks_new()
        page.get_by_role("button", name="bone: solid").click()
        looks_new()
        assert shown.said == []

    def test_still_pictures_where_webgl_is_missing(self, chromium, report):
        shown = opened(chromium, report, before="HTMLCanvasElement.prototype.getContext = () => null")
        assert shown.page.locator(".stills img").count() == 2
        assert shown.page.locator(".stills img").first.is_visible()
        assert not shown.page.locator(".scene").is_visible()
        assert shown.said == []

    def test_prints_with_still_pictures_and_without_buttons(self, chromium, report):
        shown = opened(chromium, report)
        shown.page.wait_for_function(DRAWN)
        shown.page.emulate_media(media="print")
        assert shown.page.locator(".stills img").first.is_visible()
        assert not shown.page.locator(".scene").is_visible()
        assert shown.page.locator("button:visible").count() == 0
        assert shown.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")

    @pytest.mark.parametrize("width", [360, 820, 1400])
    def test_fits_any_width(self, chromium, report, width):
        page = opened(chromium, report, viewport={"width": width, "height": 800}).page
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_light_and_dark_are_readable(self, chromium, report):
        for scheme in ("light", "dark"):
            page = opened(chromium, report, color_scheme=scheme).page
            ink, paper = page.evaluate(
                "() => { const s = getComputedStyle(document.querySelector('.card'));"
                " return [s.color, s.backgroundColor].map((c) => c.match(/[0-9]+/g).slice(0, 3).map(Number)); }"
            )
            assert contrast(ink, paper) > 7
            quiet = page.evaluate(
                "() => getComputedStyle(document.querySelector('figcaption')).color.match(/[0-9]+/g).map(Number)"
            )
            assert contrast(quiet[:3], paper) > 4.5

    def test_markup_in_any_text_does_nothing(self, chromium, tmp_path):
        shown = opened(chromium, evil_findings().report(tmp_path / "report.html"))
        shown.page.wait_for_function(DRAWN)
        assert shown.said == []
        assert shown.asked == []


def contrast(one, other):
    """WCAG contrast of two sRGB colours."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_flags_are_used():
    assert (
        flag("noisy").message in text_of(report_html(make_findings(record=make_record(flags=(flag("noisy"),))))).lower()
    )
