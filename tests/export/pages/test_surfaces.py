import base64
import zlib

import numpy as np
import pytest
from made_findings import make_findings, make_grids, make_record

from ho_detect.export.pages.surfaces import pack, surfaces

GRIDS = make_grids()


def enclosed_mm3(part):
    """Volume inside of closed triangles, positive where they are counter-clockwise from outside."""
    a, b, c = (part.vertices[part.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def unpacked(mesh):
    """Read a packed mesh as the viewer does, number by number."""
    data, at, parts = zlib.decompress(base64.b64decode(mesh["data"])), 0, []

    def numbers(count, width, kind):
        nonlocal at
        rows = [[0] * width]
        for row in np.frombuffer(data, kind, count * width, at).reshape(count, width).tolist():
            rows.append([value + step for value, step in zip(rows[-1], row, strict=True)])
        at += count * width * np.dtype(kind).itemsize
        return np.array(rows[1:])

    for part in mesh["parts"]:
        vertices = numbers(part["vertices"], 3, "<i2")
        faces = numbers(3 * part["triangles"], 1, "<i4").reshape(-1, 3)
        parts.append((vertices * mesh["quantum"] + mesh["low"], faces))
    assert at == len(data)
    return parts


class TestSurfaces:
    @pytest.mark.parametrize("name", GRIDS)
    def test_lesions_lie_where_they_are_and_face_outwards(self, name):
        findings = make_findings(GRIDS[name])
        parts = {part.id: part for part in surfaces(findings)}
        assert parts.keys() >= {1, 2} == {lesion.id for lesion in findings.lesions}
        for lesion in findings.lesions:
            part = parts[lesion.id]
            np.testing.assert_allclose(part.vertices.mean(axis=0), lesion.centroid_lps_mm, atol=0.8)
            assert 45 < enclosed_mm3(part) < 140  # a ball of 3 mm has 113 mm3, blurred less
            outwards = np.einsum("ij,ij->i", part.normals(), part.vertices - part.vertices.mean(axis=0))
            assert (outwards > 0).mean() > 0.98

    def test_bone_is_closed_without_lesions_and_without_marrow(self):
        findings = make_findings(GRIDS["axial"])
        findings.volume.hu[:] = 0
        points = findings.volume.grid.to_lps(np.moveaxis(np.indices(findings.volume.grid.shape), 0, -1))
        along_z = np.hypot(points[..., 0], points[..., 1])
        findings.volume.hu[(along_z < 15) & (along_z > 9)] = 800  # a shaft that both ends of the scan cut
        findings.volume.hu[findings.labels > 0] = 800
        bone = next(part for part in surfaces(findings) if part.id == 0)
        height = np.ptp(bone.vertices[:, 2])
        inner = np.hypot(bone.vertices[:, 0], bone.vertices[:, 1]) < 7
        on_an_end = np.abs(bone.vertices[:, 2] - bone.vertices[:, 2].mean()) > height / 2 - 2
        assert on_an_end[inner].all()
        assert enclosed_mm3(bone) > 0.8 * np.pi * 14**2 * height

    def test_nothing_dense_no_surface(self):
        findings = make_findings(record=make_record(hips=(), lesions=()))
        assert surfaces(findings) == ()
        assert pack(()) == {"parts": [], "data": ""}


class TestPack:
    def test_comes_back(self):
        parts = surfaces(make_findings())
        back = unpacked(pack(parts))
        assert len(back) == len(parts)
        for part, (vertices, faces) in zip(parts, back, strict=True):
            np.testing.assert_allclose(vertices, part.vertices, atol=0.06)
            np.testing.assert_array_equal(faces, part.faces)
