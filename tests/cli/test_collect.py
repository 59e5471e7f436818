"""The collect command needs a plan."""


def test_collect_without_a_plan(call, tmp_path):
    assert call("collect", tmp_path)[0] == 2
