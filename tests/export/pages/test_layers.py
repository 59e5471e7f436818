"""What is drawn over a plane is the same, whether it is taken from what was worked out once or asked for alone."""

import numpy as np
import pytest
from made_findings import make_findings, make_grids

from ho_detect.errors import UsageError
from ho_detect.export.pages.layers import Layers
from ho_detect.export.pictures.planes import plane_through
from ho_detect.findings import Findings

GRIDS = make_grids()


class Ball:
    """Bone in a ball of 6 mm about (3, 2, 11), found on any grid."""

    def labels(self, grid):
        points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
        return (np.linalg.norm(points - (3.0, 2.0, 11.0), axis=-1) < 6.0).astype(np.uint8)


class Unknown:
    """Bone of a saved result whose masks were not kept."""

    def labels(self, grid):
        raise UsageError("native bone was not saved")


def with_bones(findings, bones):
    return Findings(findings.record, findings.labels, findings.scan, bones=bones)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_bone_lies_on_the_picture_where_its_points_do(name, plane):
    findings = with_bones(make_findings(GRIDS[name]), Ball())
    layers = Layers.around(findings, [((3.0, 2.0, 11.0), 10.0)])
    view = plane_through(findings.volume, findings.labels, plane, (3.0, 2.0, 11.0))
    shown = layers.bones_on(view)
    assert shown.shape == view.hu.shape
    rows, columns = np.nonzero(shown)
    x, y, _ = view.place((3.0, 2.0, 11.0))
    assert columns.mean() * view.spacing_mm[1] == pytest.approx(x, abs=1.0)
    assert rows.mean() * view.spacing_mm[0] == pytest.approx(y, abs=1.0)


def test_nothing_is_made_up_beyond_what_was_worked_out():
    findings = with_bones(make_findings(), Ball())
    layers = Layers.around(findings, [((3.0, 2.0, 11.0), 2.0)])
    whole = tuple(slice(0, n) for n in findings.grid.shape)
    assert 0 < layers.bones_in(whole).sum() < findings.native_bone_in(whole).sum()
    assert layers.missing == ""


def test_bone_that_is_not_known_is_said():
    findings = with_bones(make_findings(), Unknown())
    layers = Layers.around(findings, [((3.0, 2.0, 11.0), 10.0)])
    assert layers.bones is None
    assert layers.missing == "native bone was not saved"
    view = plane_through(findings.volume, findings.labels, "axial", (3.0, 2.0, 11.0))
    assert not layers.bones_on(view).any()
    assert not layers.hidden_on(view)[0].any()
    assert not layers.things_on(view, frozenset({1})).any()
