"""A lesion touches what it stands on: not the head where the socket is as near, nor bone across a cleft."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_contacts import HEIGHT_MM, WHOLE, on_a_plane, scanned
from made_detection import region

from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.measure.touched import touched_bones
from ho_detect.detection.outline import outline
from ho_detect.image.grid import Grid, Sphere
from ho_detect.settings import DetectionSettings


@pytest.mark.parametrize(("pelvis_mm", "touches"), [(1.0, False), (6.0, True)])
def test_the_femoral_head_is_touched_where_the_socket_is_not_near(pelvis_mm, touches):
    found, mask = on_a_plane(0.0, 9.0, (1.0, 1.0, 1.0))
    (bone,) = found.bones
    head = Sphere(np.zeros(3), 15.0)
    socket = np.full_like(bone.mm, pelvis_mm)
    both = (replace(bone, head=head), BoneDistance("left", "pelvis", bone.grid, socket, head))
    on_head = replace(found, bones=both)
    assert touched_bones(found, WHOLE, mask, DetectionSettings()).contact
    assert bool(touched_bones(on_head, WHOLE, mask, DetectionSettings()).contact) == touches


@pytest.mark.parametrize(("gap_mm", "touches"), [(0.0, True), (2.8, False)])
def test_bone_across_a_cleft_is_not_touched_and_what_lies_beneath_it_is_no_part_of_the_lesion(gap_mm, touches):
    hu, distance_mm, mask = scanned(gap_mm, sigma_mm=1.2)
    grid = Grid.axial(mask.shape, (1.0, 1.0, 1.0), (0.0,) * 3)
    bones = (BoneDistance("left", "femur", grid, distance_mm, Sphere(np.full(3, 500.0), 23.0)),)
    found = region(hu, distance_mm=distance_mm, nearest=np.ones(mask.shape), bones=bones)
    lesion = outline(found, Candidate((slice(0, 40),) * 3, mask, True), DetectionSettings())
    assert bool(lesion.contact) == touches
    assert lesion.candidate.joined == touches
    assert lesion.candidate.touching == (("femur",) if touches else ())
    assert lesion.cleft != touches
    lowest_mm = HEIGHT_MM[lesion.candidate.mask].min()
    assert lowest_mm > 1.0 if gap_mm else lowest_mm < 1.0
