import pytest
from made_findings import make_findings

from ho_detect.cli import main


@pytest.fixture
def call(capfd):
    def run(*args):
        with pytest.raises(SystemExit) as caught:
            main(["amend", *map(str, args)])
        return caught.value.code, *capfd.readouterr()

    return run


@pytest.fixture
def result(tmp_path):
    return make_findings().save(tmp_path / "result")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "nothing to amend"),
        (("--drop", 1), "name the reader"),
        (("--drop", 0, "--reader", "R"), "0 is not in the range"),
        (("--drop", 1, "--labels", "x.nii.gz", "--reader", "R"), "nothing to keep or drop besides"),
        (("--from", "x.json", "--drop", 1), "nothing else besides"),
        (("--from", "none.json"), "cannot be read"),
        (("--drop", 1, "--reader", "R"), "the CT of these findings is needed"),
    ],
)
def test_wrong_usage_leaves_the_result_as_it_is(call, result, args, said):
    before = {p.name: p.read_bytes() for p in result.iterdir()}
    if not args:
        args = ("--reader", "R")
    status, out, err = call(result, *args)
    assert (status, out) == (2, "")
    assert said in err
    assert {p.name: p.read_bytes() for p in result.iterdir()} == before


def test_no_result(call, tmp_path):
    assert call(tmp_path, "--automatic")[0] == 2


def test_an_automatic_result_is_its_own_automatic_one(call, result):
    before = {p.name: p.read_bytes() for p in result.iterdir()}
    status, out, _ = call(result, "--automatic")
    assert status == 0
    assert "Left hip: ossification present" in out
    assert {p.name: p.read_bytes() for p in result.iterdir()} == before
