"""A comparison in a notebook: frame, figure and page."""

from __future__ import annotations

from scanned_twice import follow_up


class TestForANotebook:
    def test_frame_figure_and_page(self, tmp_path):
        found = follow_up()
        frame = found.frame()
        assert list(frame.what) == ["hip", "hip", "lesion", "lesion", "lesion"]
        assert frame.volume_change_mm3.dropna().tolist() == [
            x.volume_change_mm3 for x in (*found.comparison.hips, *found.comparison.lesions) if x.volume_change_mm3
        ]
        assert len(found.plot().axes[0].get_lines()) == 5
        assert "Right, earlier none" in found.report(tmp_path / "a" / "page.html").read_text()
        left = next(t for t in found.tracks() if t.what == "hip")
        assert left.change_mm3 == found.comparison.hips[0].volume_change_mm3
