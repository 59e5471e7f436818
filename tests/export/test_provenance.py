"""What a result was made from is told by digests that link it with the images only where identities are kept."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from dicom_files import CtSeries, write_series
from loaded_findings import load_findings


@pytest.mark.parametrize("keep_identity", [True, False])
def test_digests_are_bare_only_where_identities_are_kept(tmp_path, keep_identity):
    files = write_series(tmp_path / "ct", CtSeries())
    folder = load_findings(tmp_path / "ct", keep_identity=keep_identity).save(tmp_path / "out")
    inputs = msgspec.json.decode((folder / "provenance.json").read_bytes())["inputs"]
    bare = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    assert inputs["n_bytes"] == sum(path.stat().st_size for path in files)
    assert len(set(inputs["digests"])) == len(files)
    if keep_identity:
        assert inputs["hash"] == "SHA-256"
        assert inputs["digests"] == bare
    else:
        assert inputs["hash"].startswith("HMAC-SHA-256")
        assert not set(inputs["digests"]) & set(bare)
