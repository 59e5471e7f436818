"""The earlier study is shown where the later one has the same place of bone, and what has changed is drawn there."""

from __future__ import annotations

import base64
import io
import re

import msgspec
import numpy as np
import pytest
from model_hips import analysed
from PIL import Image
from scanned_twice import EARLIER, LATER, NEW, compared

from ho_detect.followup.side_by_side import change_pictures, step_pictures


def made(*, backwards=False):
    """Comparison, earlier and later result."""
    earlier, later = (analysed(plan).result for plan in ((LATER, EARLIER) if backwards else (EARLIER, LATER)))
    return compared(backwards=backwards), earlier, later


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.image.partition(",")[2]))).convert("L")).astype(
        int
    )


def area_mm2(picture, kind):
    """Area inside of the outlines of a kind, holes left out."""
    total = 0.0
    for loop in "".join(o.path for o in picture.outlines if o.kind == kind).split("Z")[:-1]:
        x, y = np.array([[float(v) for v in p.split()] for p in re.split("[ML]", loop) if p]).T
        total += (np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    return abs(total)


def change_of(kind, *, backwards=False):
    """The pictures of the change in each plane of the ossification of which that has become."""
    comparison, earlier, later = made(backwards=backwards)
    places = [x.change for x in comparison.lesions]
    _, _, axial = (rows := change_pictures(comparison, earlier, later)[places.index(kind)].rows)[0]
    return axial, rows[1][2]


def test_both_studies_show_the_same_place_of_the_bone():
    comparison, earlier, later = made()
    (bridge, *_) = change_pictures(comparison, earlier, later)
    assert len(bridge.rows) == 2
    (before, after, _), _ = bridge.rows
    assert before.image_box_mm == after.image_box_mm
    one, other = pixels(before), pixels(after)
    # the patient lay turned by 9 degrees: unmoved, the bones would not lie on each other
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9
    assert before.found_at.startswith("nearest: slice ")
    assert after.found_at.startswith("slice ")


@pytest.mark.parametrize(
    ("change", "backwards", "kinds"), [("new", False, {"grown"}), ("gone", True, {"shrunk", "earlier"})]
)
@pytest.mark.parametrize("plane", [0, 1])
def test_what_is_new_has_come_and_backwards_it_has_gone(change, backwards, kinds, plane):
    picture = change_of(change, backwards=backwards)[plane]
    assert {o.kind for o in picture.outlines} == kinds
    drawn = area_mm2(picture, "shrunk" if backwards else "grown")
    assert drawn == pytest.approx(np.pi * NEW.radius**2, rel=0.25)


def test_without_registration_there_is_no_common_plane():
    comparison, earlier, later = made()
    unknown = msgspec.structs.replace(
        comparison, lesions=tuple(msgspec.structs.replace(x, registered_by=None) for x in comparison.lesions)
    )
    assert [c.rows for c in change_pictures(unknown, earlier, later)] == [(), (), ()]
    assert [len(s) for s in step_pictures((unknown,), (earlier, later))] == [3]
