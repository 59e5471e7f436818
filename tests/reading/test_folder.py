import pytest
from made_findings import make_findings

from ho_detect.reading.folder import automatic_folder, output_of, write_amended, write_automatic
from ho_detect.settings import OutputSettings


@pytest.fixture
def folder(tmp_path):
    return make_findings().save(tmp_path / "result")


def test_the_automatic_result_is_below_the_amended_one(folder, tmp_path):
    assert automatic_folder(folder) == folder
    write_amended(make_findings(), folder, tmp_path / "amended")
    assert automatic_folder(tmp_path / "amended") == tmp_path / "amended" / "automatic"
    # amended again, it is that of the first time
    write_amended(make_findings(), tmp_path / "amended", tmp_path / "again")
    assert not (tmp_path / "again" / "automatic" / "automatic").exists()
    write_automatic(tmp_path / "again", tmp_path / "back")
    names = sorted(p.name for p in folder.iterdir())
    assert sorted(p.name for p in (tmp_path / "back").iterdir()) == names
    for name in ("findings.json", "lesions.nii.gz", "provenance.json"):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "output"),
    [
        ("x.txt", "", OutputSettings()),
        ("seg.dcm", "", OutputSettings(dicom=True)),
        ("native_bone.nii.gz", "", OutputSettings(bones=True)),
        ("fhir.json", '{"type": "transaction"}', OutputSettings(fhir=True, fhir_bundle="transaction")),
        ("fhir.json", '{"type": "collection"}', OutputSettings(fhir=True)),
    ],
)
def test_what_a_result_was_written_with(tmp_path, name, text, output):
    (tmp_path / name).write_text(text)
    assert output_of(tmp_path) == output
