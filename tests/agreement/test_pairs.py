import csv

import pytest
from made_findings import make_findings

from ho_detect.agreement.pairs import pair_up
from ho_detect.errors import UsageError


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two results, one of which a reader has amended."""
    folder = tmp_path_factory.mktemp("results")
    for name in ("patient1/series-a", "patient2/series-b", "patient2/series-b/automatic"):
        make_findings().save(folder / name)
    return folder


def masks(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def names_of(pairs):
    return [(pair.reference.path.name, pair.result.path.name) for pair in pairs]


@pytest.mark.parametrize(
    "names",
    [
        ("patient1.nii.gz", "patient2.nrrd"),
        ("patient1/x.nii.gz", "patient2/x.nii.gz"),
        ("series-a.mha", "series-b.mha"),
    ],
)
def test_by_the_name_of_a_file_or_folder(results, tmp_path, names):
    pairs = pair_up(masks(tmp_path, *names), results)
    assert names_of(pairs) == [(names[0].split("/")[-1], "series-a"), (names[1].split("/")[-1], "series-b")]


def test_a_mask_of_what_counts_neither_way_is_no_reference(results, tmp_path):
    folder = masks(tmp_path, "patient1.nii.gz", "patient1_ignore.nii.gz", "patient2.nii.gz")
    pairs = pair_up(folder, results)
    assert [pair.ignored for pair in pairs] == [folder / "patient1_ignore.nii.gz", None]


def test_results_of_another_reader(results):
    assert names_of(pair_up(results, results / "patient1" / "series-a")) == [("series-a", "series-a")]


def test_by_a_table(results, tmp_path):
    folder = masks(tmp_path / "masks", "x.nii.gz", "y.nii.gz")
    with (tmp_path / "pairs.csv").open("w") as file:
        csv.writer(file).writerows([("reference", "result"), ("y.nii.gz", "patient1/series-a")])
    assert names_of(pair_up(folder, results, tmp_path / "pairs.csv")) == [("y.nii.gz", "series-a")]
    (tmp_path / "pairs.csv").write_text("reference,result\nz.nii.gz,patient1/series-a\n")
    with pytest.raises(UsageError, match="not there"):
        pair_up(folder, results, tmp_path / "pairs.csv")
    (tmp_path / "pairs.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="needs the columns"):
        pair_up(folder, results, tmp_path / "pairs.csv")


def test_by_the_table_that_a_run_wrote(results, tmp_path):
    folder = masks(tmp_path / "masks", "Roe.nii.gz", "other.nii.gz")
    (tmp_path / "link.csv").write_text("folder,series_uid,patient_id,source\nseries-b,1.2.3,P7,/disk/Roe/ct\n")
    assert names_of(pair_up(folder, results, link_table=tmp_path / "link.csv")) == [("Roe.nii.gz", "series-b")]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("x.nii.gz", "y.nii.gz"), "none of 2 references"),
        (("patient1.nii.gz", "patient1.nrrd"), "belongs to 2 others"),
        ((), "neither masks nor results"),
        (("notes.txt",), "neither masks nor results"),
    ],
)
def test_what_cannot_be_paired(results, tmp_path, names, said):
    with pytest.raises(UsageError, match=said):
        pair_up(masks(tmp_path, *names), results)


def test_no_results(tmp_path):
    with pytest.raises(UsageError, match="no results"):
        pair_up(masks(tmp_path / "m", "a.nii.gz"), tmp_path)
