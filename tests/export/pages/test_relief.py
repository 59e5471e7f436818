"""A still picture shows left on the right from the front, and the nearer in front of the farther."""

from __future__ import annotations

import numpy as np
from made_findings import make_findings

from ho_detect.export.pages.relief import relief
from ho_detect.export.pages.surfaces import surfaces


def test_left_is_right_from_the_front_and_left_from_behind():
    findings = make_findings()
    left = next(p for p in surfaces(findings) if p.id == 1)
    right = next(p for p in surfaces(findings) if p.id == 2)
    for behind in (False, True):
        picture = relief((left, right), from_behind=behind).astype(int)
        blue = picture[..., 2] > picture[..., 0] + 20  # lesion 2 is blue, lesion 1 orange
        orange = picture[..., 0] > picture[..., 2] + 40
        assert blue.any()
        assert orange.any()
        assert (np.nonzero(orange)[1].mean() > np.nonzero(blue)[1].mean()) != behind


def test_the_nearer_hides_the_farther():
    parts = {p.id: p for p in surfaces(make_findings())}
    front, back = parts[1], parts[2]
    shift = back.vertices.mean(axis=0) - front.vertices.mean(axis=0) + [0, -30, 0]
    hiding = type(front)(1, front.colour, (front.vertices - front.vertices.mean(axis=0)) * 1.3
                         + front.vertices.mean(axis=0) + shift, front.faces)  # fmt: skip
    picture = relief((hiding, back)).astype(int)
    assert not (picture[..., 2] > picture[..., 0] + 20).any()
    assert (relief((hiding, back), from_behind=True).astype(int)[..., 2] > 100).any()


def test_a_surface_is_of_its_colour_and_darker_where_it_turns_away():
    part = next(p for p in surfaces(make_findings()) if p.id == 2)
    picture = relief((part,)).reshape(-1, 3).astype(int)
    seen = picture[(picture != picture[0]).any(axis=1)]
    colour = np.array([int(part.colour[k : k + 2], 16) for k in (1, 3, 5)])
    share = seen / colour
    assert np.abs(share - share.mean(axis=1, keepdims=True)).max() < 0.02  # of one hue: only the light differs
    assert share.max() > 0.9
    assert share.min() < 0.75
