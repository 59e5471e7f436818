"""Surfaces for planning and printing: closed, at the right place, as large as what they are of."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_findings import make_findings
from phantoms import ball

from ho_detect.anatomy.native.masks import LABELS
from ho_detect.export.meshes import Mesh, mesh_of, meshes_of, stl, three_mf
from ho_detect.export.save import save
from ho_detect.image.grid import Grid, rotation
from ho_detect.settings import OutputSettings

SHAPE = (30, 36, 40)
AFFINE = np.eye(4)
AFFINE[:3, :3] = rotation("y", 9.0) @ np.array([[0, 0, -0.8], [0, 0.8, 0], [1.5, 0, 0]])
AFFINE[:3, 3] = (40.0, -200.0, 900.0)
GRID = Grid(SHAPE, AFFINE)
CORE = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"


def is_closed(mesh):
    """Whether each edge is one of two triangles that run through it in opposite directions."""
    edges = np.concatenate([mesh.faces[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))])
    code = edges[:, 0] * len(mesh.vertices) + edges[:, 1]
    back = edges[:, 1] * len(mesh.vertices) + edges[:, 0]
    return len(np.unique(code)) == len(code) and set(code) == set(back)


def read_stl(data):
    n = int(np.frombuffer(data[80:84], "<u4")[0])
    kind = [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")]
    triangles = np.frombuffer(data[84:], kind)
    assert len(triangles) == n
    return triangles


@settings(max_examples=25)
@given(st.tuples(*[st.integers(0, n - 1) for n in SHAPE]), st.floats(4.0, 9.0))
@example((0, 0, 0), 5.0)
def test_of_a_ball_wherever_it_lies_also_cut_by_the_view(center, radius):
    mask = ball(SHAPE, center, radius)
    mesh = mesh_of(mask, GRID, "lesion-1", "#E69F00")
    assert is_closed(mesh)
    volume = mask.sum() * GRID.voxel_volume_mm3
    assert mesh.volume_mm3 == pytest.approx(volume, rel=0.2)
    points = GRID.to_lps(np.argwhere(mask))
    middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    assert middle == pytest.approx((points.min(axis=0) + points.max(axis=0)) / 2, abs=1.0)


def test_a_sheet_of_one_voxel_is_not_lost():
    mask = np.zeros(SHAPE, bool)
    mask[10, 5:25, 5:25] = True
    mesh = mesh_of(mask, GRID, "lesion-1", "#000000")
    assert is_closed(mesh)
    assert mesh.volume_mm3 == pytest.approx(mask.sum() * GRID.voxel_volume_mm3, rel=0.3)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 2, 2), (1, 1, 6), (3, 4, 5), (1, 7, 7), (4, 4, 4)])
def test_what_is_the_same_from_all_sides_has_a_closed_surface(shape):
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(8, 8 + n) for n in shape)] = True
    mesh = mesh_of(mask, GRID, "lesion-1", "#000000")
    assert is_closed(mesh)
    volume = mask.sum() * GRID.voxel_volume_mm3
    if volume > 40.0:  # no smaller lesion is reported
        assert mesh.volume_mm3 == pytest.approx(volume, rel=0.3)


def test_nothing_has_no_surface():
    assert mesh_of(np.zeros(SHAPE, bool), GRID, "x", "#000000") is None


def test_stl_holds_the_triangles_in_lps_with_normals_outwards():
    mesh = mesh_of(ball(SHAPE, (15, 18, 20), 8.0), GRID, "lesion-1", "#E69F00")
    data = stl(mesh)
    assert b"SPACE=LPS" in data[:80]
    assert not data.startswith(b"solid")
    triangles = read_stl(data)
    assert triangles["corners"] == pytest.approx(mesh.vertices[mesh.faces], abs=1e-3)
    out = triangles["corners"].mean(axis=1) - GRID.to_lps([15, 18, 20])
    assert (np.einsum("ij,ij->i", triangles["normal"], out) > 0).mean() > 0.99


def test_3mf_holds_each_mesh_by_name_in_millimetres_and_the_same_bytes():
    meshes = [mesh_of(ball(SHAPE, (15, 18, 12 + 14 * k), 5.0), GRID, f"lesion-{k}", "#E69F00") for k in range(2)]
    data = three_mf(meshes)
    assert data == three_mf(meshes)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {"[Content_Types].xml", "_rels/.rels", "3D/3dmodel.model"} == set(archive.namelist())
        for name in archive.namelist():
            ET.fromstring(archive.read(name))  # noqa: S314 - our own
        model = ET.fromstring(archive.read("3D/3dmodel.model"))  # noqa: S314
    assert model.get("unit") == "millimeter"
    objects = model.findall(f".//{CORE}object")
    assert [o.get("name") for o in objects] == ["lesion-0", "lesion-1"]
    for mesh, part in zip(meshes, objects, strict=True):
        vertices = [[float(v.get(axis)) for axis in "xyz"] for v in part.iter(f"{CORE}vertex")]
        faces = [[int(t.get(corner)) for corner in ("v1", "v2", "v3")] for t in part.iter(f"{CORE}triangle")]
        again = Mesh("", "", np.array(vertices), np.array(faces))
        assert again.volume_mm3 == pytest.approx(mesh.volume_mm3, rel=1e-3)
    assert len(model.findall(f".//{CORE}item")) == 2


class Bones:
    """Two balls of native bone."""

    def labels(self, grid):
        out = np.zeros(grid.shape, np.uint8)
        out[ball(grid.shape, (10, 12, 10), 4.0)] = LABELS["femur_left"]
        out[ball(grid.shape, (10, 12, 28), 4.0)] = LABELS["hip_right"]
        return out


def test_of_a_result_each_lesion_and_each_bone_in_view(tmp_path):
    findings = replace(make_findings(), bones=Bones(), output=OutputSettings(meshes=True))
    names = [mesh.name for mesh in meshes_of(findings)]
    assert names == ["lesion-1", "lesion-2", "femur_left", "hip_right"]
    save(findings, tmp_path)
    assert {f"{name}.stl" for name in names} | {"meshes.3mf"} <= {p.name for p in tmp_path.iterdir()}
    index = np.argwhere(findings.labels == 2)
    place = read_stl((tmp_path / "lesion-2.stl").read_bytes())["corners"].reshape(-1, 3)
    assert place.mean(axis=0) == pytest.approx(findings.grid.to_lps(index).mean(axis=0), abs=0.7)
