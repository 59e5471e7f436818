"""Lesions and native bones as closed surfaces, for planning and printing: STL and 3MF, LPS mm.

Surfaces follow the voxels of the label maps, smoothed by less than a voxel: nothing is measured on them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.native.masks import LABELS
from ho_detect.detection.measure.shape import bounding_box
from ho_detect.export.pictures.figures import colour_of
from ho_detect.image.grid import FloatArray, Grid

if TYPE_CHECKING:
    from ho_detect.results.result import Result

#: Steps of voxels are smoothed by a Gaussian of this width, mm. Convention: below the voxels of a hip CT.
_BLUR_MM: Final = 0.7
#: Empty voxels around a mask, so that its surface is closed at the edge of the view too.
_MARGIN: Final = 4
#: So much below its value a level is taken that would run through voxels.
_BELOW: Final = 1e-4
_BONE_COLOUR: Final = "#DDD5C3"
#: 3D Slicer reads the coordinate system from here; readers of STL ignore the first 80 bytes.
_HEADER: Final = b"ho-detect, research use only. SPACE=LPS, mm"
_TYPES: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>
"""
_RELS: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rel0"
 Target="/3D/3dmodel.model" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>
"""
_CORE: Final = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
#: Of files in a zip archive: the same meshes give the same bytes.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Mesh:
    """A closed surface.

    Parameters
    ----------
    name
        ``lesion-1``, ``femur_left`` and so on: also the name of its file.
    colour
        As ``#RRGGBB``.
    vertices
        (V, 3) LPS mm.
    faces
        (F, 3) counter-clockwise seen from outside.
    """

    name: str
    colour: str
    vertices: FloatArray
    faces: NDArray[np.int64]

    @property
    def volume_mm3(self) -> float:
        """Volume inside."""
        a, b, c = (self.vertices[self.faces[:, k]] for k in range(3))
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)


def meshes_of(result: Result) -> Iterator[Mesh]:
    """Yield the surface of each lesion, then of each native bone that is in view."""
    for lesion in result.lesions:
        made = mesh_of(result.labels == lesion.id, result.grid, f"lesion-{lesion.id}", colour_of(lesion.id))
        if made is not None:
            yield made
    bones = result.native_bone()
    for name, value in LABELS.items():
        made = mesh_of(bones == value, result.grid, name, _BONE_COLOUR)
        if made is not None:
            yield made


def mesh_of(mask: NDArray[np.bool_], grid: Grid, name: str, colour: str) -> Mesh | None:
    """Return the surface of a mask (slice, row, column) on a grid; None where it is empty.

    It is the level of the smoothed mask that holds as many voxels: at half the height a thin sheet would be lost, and
    the corners of a small piece.
    """
    from skimage.measure import marching_cubes

    if not mask.any():
        return None
    box = bounding_box(mask)
    solid = np.pad(mask[box], _MARGIN).astype(np.float32)
    smooth = ndi.gaussian_filter(solid, [_BLUR_MM / s for s in grid.spacing_mm])
    n = np.count_nonzero(mask)
    outer, inner = np.sort(np.partition(smooth.ravel(), -n - 1)[-n - 1 :])[:2]
    # where voxels are alike on both sides none of them lies on the level
    level = (outer + inner) / 2 if outer < inner else inner * (1 - _BELOW)
    vertices, faces, _, _ = marching_cubes(smooth, float(level), allow_degenerate=False)
    place = grid.to_lps(vertices - _MARGIN + [s.start for s in box])
    mesh = Mesh(name, colour, place, faces.astype(np.int64))
    if mesh.volume_mm3 < 0:
        mesh = Mesh(name, colour, place, np.ascontiguousarray(mesh.faces[:, ::-1]))
    return mesh


def stl(mesh: Mesh) -> bytes:
    """Return a mesh as the bytes of a binary STL file."""
    corners = mesh.vertices[mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    triangles = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    triangles["normal"], triangles["corners"] = normal, corners
    return _HEADER.ljust(80) + np.uint32(len(triangles)).tobytes() + triangles.tobytes()


def three_mf(meshes: list[Mesh]) -> bytes:
    """Return meshes as the bytes of a 3MF file: one object each, with name and colour (3MF Core 1.3)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELS),
            ("3D/3dmodel.model", _model(meshes)),
        ):
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return file.getvalue()


def _model(meshes: list[Mesh]) -> str:
    materials = "".join(f'<base name="{m.name}" displaycolor="{m.colour}"/>' for m in meshes)
    objects = "".join(_object(k, mesh) for k, mesh in enumerate(meshes))
    items = "".join(f'<item objectid="{k + 2}"/>' for k in range(len(meshes)))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<model unit="millimeter" xml:lang="en" xmlns="{_CORE}">'
        '<metadata name="Title">Heterotopic ossification of the hip, LPS mm, research use only</metadata>'
        '<metadata name="Application">ho-detect</metadata>'
        f'<resources><basematerials id="1">{materials}</basematerials>{objects}</resources>'
        f"<build>{items}</build></model>\n"
    )


def _object(place: int, mesh: Mesh) -> str:
    vertices = "".join(f'<vertex x="{x:.3f}" y="{y:.3f}" z="{z:.3f}"/>' for x, y, z in mesh.vertices.tolist())
    faces = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in mesh.faces.tolist())
    return (
        f'<object id="{place + 2}" type="model" name="{mesh.name}" pid="1" pindex="{place}">'
        f"<mesh><vertices>{vertices}</vertices><triangles>{faces}</triangles></mesh></object>"
    )
