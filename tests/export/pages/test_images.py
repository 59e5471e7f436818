"""Pixels as files: the window is linear, and a thumbnail shows what there is."""

import io

import numpy as np
from made_findings import make_findings
from PIL import Image

from ho_detect.export.pages.images import data_uri, grey, thumbnail
from ho_detect.export.pictures.figures import colour_of


def test_the_window_is_linear_and_clipped():
    assert grey(np.array([[-900, -200, 350, 900, 3000]], np.int16), (-200.0, 900.0)).tolist() == [[0, 0, 127, 255, 255]]


def test_a_picture_is_in_the_page_itself():
    assert data_uri(np.zeros((3, 4), np.uint8)).startswith("data:image/webp;base64,")


def test_thumbnail_is_small_and_shows_the_lesions():
    data = thumbnail(make_findings())
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert picture.shape[1] == 240
    assert len(data) < 20_000
    for lesion_id in (1, 2):
        ink = np.array([int(colour_of(lesion_id)[k : k + 2], 16) for k in (1, 3, 5)])
        assert (np.abs(picture - ink).max(axis=-1) < 60).sum() > 50
