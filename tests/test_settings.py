import msgspec
import pytest

from ho_detect.errors import UsageError
from ho_detect.settings import Settings


def leaves(values, place=()):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*place, name))
        else:
            yield (*place, name), value


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return {"plain": "bids"}.get(value, value + "x")
    if isinstance(value, (list, tuple)):
        return [changed(v) for v in value]
    return value + 1


def nested(place, value):
    for name in reversed(place):
        value = {name: value}
    return value


LEAVES = list(leaves(Settings().to_dict()))


class TestFromDict:
    def test_round_trip(self):
        settings = Settings.from_dict({"mimics": {"min_volume_mm3": 99.0}, "threads": 3})
        assert Settings.from_dict(settings.to_dict()) == settings
        assert settings.mimics.min_volume_mm3 == 99.0
        assert settings.anatomy == Settings().anatomy

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"detction": {}}, "detction"),
            ({"mimics": {"min_volume": 3.0}}, r"min_volume.*\$.mimics"),
            ({"anatomy": {"bone_hu": "high"}}, r"\$.anatomy.bone_hu"),
            ({"threads": 1.5}, r"\$.threads"),
        ],
    )
    def test_wrong_values_are_named_with_their_place(self, values, said):
        with pytest.raises(UsageError, match=said):
            Settings.from_dict(values)


class TestFromFile:
    def test_what_is_missing_keeps_its_default(self, tmp_path):
        path = tmp_path / "s.toml"
        path.write_text("threads = 2\n[anatomy]\nbone_hu = 180.0\n")
        settings = Settings.from_file(path)
        assert (settings.threads, settings.anatomy.bone_hu) == (2, 180.0)
        assert settings.detection == Settings().detection

    def test_an_empty_file_is_the_default(self, tmp_path):
        (tmp_path / "s.toml").write_text("")
        assert Settings.from_file(tmp_path / "s.toml") == Settings()

    @pytest.mark.parametrize("data", [b"[anatomy\n", b"\xff\xfe", b"[anatomy]\nbone_hu = 'x'\n", None])
    def test_a_bad_file_is_a_usage_error(self, tmp_path, data):
        if data is not None:
            (tmp_path / "s.toml").write_bytes(data)
        with pytest.raises(UsageError, match=r"s\.toml"):
            Settings.from_file(tmp_path / "s.toml")


class TestDigest:
    @pytest.mark.parametrize(("place", "value"), LEAVES, ids=[".".join(place) for place, _ in LEAVES])
    def test_changes_with_every_setting_but_threads(self, place, value):
        other = Settings.from_dict(nested(place, changed(value)))
        assert other != Settings()
        assert (other.digest() == Settings().digest()) == (place == ("threads",))

    def test_is_short_hex(self):
        assert len(Settings().digest()) == 12
        int(Settings().digest(), 16)


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(AttributeError):
        Settings().anatomy.bone_hu = 100.0


def test_defaults_survive_json():
    assert msgspec.json.decode(msgspec.json.encode(Settings()), type=Settings) == Settings()
