"""The fields command prints the dictionary that every run writes."""

import pytest

from ho_detect.cli import main
from ho_detect.export.dictionary import dictionary_csv, redcap_csv


@pytest.mark.parametrize(("options", "text"), [([], dictionary_csv), (["--redcap"], redcap_csv)])
def test_it_is_printed(options, text, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["fields", *options])
    assert not caught.value.code
    assert capsys.readouterr().out == text()
