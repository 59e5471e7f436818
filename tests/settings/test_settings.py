import math
from typing import get_origin

import msgspec
import pytest
from dicom_files import CtSeries, write_series

from ho_detect import compare, detect
from ho_detect.errors import SeriesError, SettingError, UsageError
from ho_detect.followup.compare import compare_analyses
from ho_detect.settings import DetectionSettings, Settings
from ho_detect.system.parallel import threads, using_threads
from ho_detect.system.tunable import declared_settings

DECLARED = declared_settings(Settings)
NUMBERS = {name: declared for name, (_, declared) in DECLARED.items() if declared.low is not None}
#: What is written, which series are chosen and how many threads work: no result of a series hangs on it.
NO_RESULT = {"threads", "acquisition.all_series", *(name for name in DECLARED if name.startswith("output."))}


#: What has to lie below or above another setting goes with the end of the range of that one.
ORDERED = {"detection.immature_rim_hu": {"mature_rim_hu": 3000.0}, "detection.mature_rim_hu": {"immature_rim_hu": 0.0}}


def nested(name, value):
    for part in reversed(name.split(".")):
        value = {part: value}
    if name in ORDERED:
        value["detection"] |= ORDERED[name]
    return value


def changed(name):
    """Return another value that the setting may have."""
    value, declared = Settings().flat()[name], DECLARED[name][1]
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return {"plain": "bids", "collection": "transaction"}[value]
    if isinstance(value, tuple):
        return [declared.low, declared.high]
    return declared.high if value != declared.high else declared.low


class TestDeclarations:
    """Of each setting: what it is, as it can be read alone."""

    def test_every_setting_is_declared(self):
        assert set(DECLARED) == set(Settings().flat())
        assert len(DECLARED) > 50

    @pytest.mark.parametrize("name", DECLARED)
    def test_text_is_one_sentence_that_reads_alone(self, name):
        text = DECLARED[name][1].text
        assert text[0].isupper()
        assert text.endswith(".")
        assert "..." not in text
        assert len(text.split()) >= 5

    @pytest.mark.parametrize("name", DECLARED)
    def test_unit_and_source_are_named(self, name):
        declared = DECLARED[name][1]
        assert declared.source
        assert declared.unit
        for ending, unit in {"_mm": "mm", "_mm2": "mm²", "_mm3": "mm³", "_hu": "HU", "_degrees": "degrees"}.items():
            assert not name.endswith(ending) or declared.unit == unit

    @pytest.mark.parametrize("name", NUMBERS)
    def test_a_number_has_a_range_with_its_default_inside(self, name):
        declared, default = NUMBERS[name], Settings().flat()[name]
        assert math.isfinite(declared.low)
        assert math.isfinite(declared.high)
        for number in default if isinstance(default, tuple) else (default,):
            assert declared.low <= number <= declared.high

    def test_every_number_is_checked(self):
        numbers = {name for name, value in Settings().flat().items() if isinstance(value, (int, float, tuple))}
        assert {name for name in numbers if DECLARED[name][0] is not bool} == set(NUMBERS)


class TestRanges:
    @pytest.mark.parametrize("name", NUMBERS)
    def test_ends_are_accepted_and_what_lies_beyond_is_refused(self, name):
        declared = NUMBERS[name]
        pair = get_origin(DECLARED[name][0]) is tuple
        step = 1 if DECLARED[name][0] is int else 0.01
        for value in (declared.low, declared.high):
            settings = Settings.from_dict(nested(name, [value, value] if pair else value))
            assert settings.flat()[name] == ((value, value) if pair else value)
        for value in (declared.low - step, declared.high + step, math.nan, math.inf, -math.inf):
            with pytest.raises(SettingError, match=name.replace(".", r"\.")):
                Settings.from_dict(nested(name, [value, value] if pair else value))

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"detection": {"rim_mm": -5}}, "setting detection.rim_mm = -5: it has to be a number from 0.1 to 20 mm"),
            ({"detection": {"low_hu": [200, 120]}}, "two numbers, the lower one first, from 50 to 1,000 HU"),
            ({"judge": {"min_volume_mm3": -3}}, "judge.min_volume_mm3 = -3"),
            ({"threads": -3}, "setting threads = -3: it has to be a whole number from 0 to 1,024"),
            ({"threads": 1.5}, "setting threads = 1.5"),
            ({"threads": True}, "setting threads = True"),
            ({"anatomy": {"bone_hu": "high"}}, "anatomy.bone_hu = 'high'"),
            ({"output": {"naming": "bidz"}}, "output.naming = 'bidz': it has to be one of plain, bids"),
            ({"output": {"dicom": 1}}, "output.dicom = 1: it has to be true or false"),
            ({"detection": 3}, "setting detection = 3: it is a heading"),
            ({"detection": {"immature_rim_hu": 500.0}}, "it has to be at most detection.mature_rim_hu, 450 HU"),
        ],
    )
    def test_name_value_and_range_are_said(self, values, said):
        with pytest.raises(SettingError) as caught:
            Settings.from_dict(values)
        assert said in str(caught.value)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: DetectionSettings(rim_mm=-5),
            lambda: DetectionSettings(rim_mm=math.nan),
            lambda: msgspec.structs.replace(DetectionSettings(), rim_mm=-5),
            lambda: Settings(threads=-3),
            lambda: Settings(detection="none"),
        ],
    )
    def test_what_is_made_in_python_is_checked_too(self, make):
        with pytest.raises(ValueError, match=r"setting (detection|threads)"):
            make()

    def test_what_is_decoded_is_checked_too(self):
        with pytest.raises(msgspec.ValidationError, match=r"detection\.rim_mm = -5"):
            msgspec.json.decode(b'{"detection": {"rim_mm": -5}}', type=Settings)

    def test_a_whole_number_is_the_same_setting_as_a_float(self):
        one, other = (
            DetectionSettings(rim_mm=3, low_hu=[130, 200]),
            DetectionSettings(rim_mm=3.0, low_hu=(130.0, 200.0)),
        )
        assert one == other
        assert Settings(detection=one).digest() == Settings(detection=other).digest()


class TestNames:
    @pytest.mark.parametrize(
        ("values", "wrong", "near"),
        [
            ({"detction": {}}, "detction", "detection"),
            ({"judge": {"min_volume": 3.0}}, "judge.min_volume", "judge.min_volume_mm3"),
            ({"detection": {"metal_hu": 3000.0}}, "detection.metal_hu", "anatomy.metal_hu"),
            ({"rim_mm": 3.0}, "rim_mm", "detection.rim_mm"),
            ({"Threads": 3}, "Threads", "threads"),
        ],
    )
    def test_the_nearest_known_name_is_told(self, values, wrong, near):
        with pytest.raises(SettingError) as caught:
            Settings.from_dict(values)
        assert str(caught.value) == f"setting {wrong} is not known; the nearest name is {near}"

    def test_without_a_near_one_none_is_told(self):
        with pytest.raises(SettingError, match=r"^setting xyzzy is not known$"):
            Settings.from_dict({"xyzzy": 1})


class TestFromDict:
    def test_round_trip(self):
        settings = Settings.from_dict({"judge": {"min_volume_mm3": 99.0}, "threads": 3})
        assert Settings.from_dict(settings.to_dict()) == settings
        assert settings.judge.min_volume_mm3 == 99.0
        assert settings.anatomy == Settings().anatomy

    def test_of_every_setting(self):
        for name in DECLARED:
            settings = Settings.from_dict(nested(name, changed(name)))
            assert Settings.from_dict(settings.to_dict()) == settings


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

    def test_a_byte_order_mark_is_no_setting(self, tmp_path):
        (tmp_path / "s.toml").write_bytes(b"\xef\xbb\xbfthreads = 2\r\n")
        assert Settings.from_file(tmp_path / "s.toml").threads == 2

    @pytest.mark.parametrize(
        "data", [b"[anatomy\n", b"\xff\xfe", b"[anatomy]\nbone_hu = 'x'\n", b"[anatomy]\nbone_hu = nan\n", None]
    )
    def test_a_bad_file_is_a_usage_error(self, tmp_path, data):
        if data is not None:
            (tmp_path / "s.toml").write_bytes(data)
        with pytest.raises(UsageError, match=r"s\.toml"):
            Settings.from_file(tmp_path / "s.toml")


class TestDigest:
    @pytest.mark.parametrize("name", DECLARED)
    def test_changes_with_what_can_change_a_result_alone(self, name):
        values = nested(name, Settings().flat()[name])
        one, other = Settings.from_dict(values), Settings.from_dict(nested(name, changed(name)))
        assert one != other
        assert (one.digest() == other.digest()) == (name in NO_RESULT)

    def test_is_short_hex(self):
        assert len(Settings().digest()) == 12
        int(Settings().digest(), 16)


class TestThreads:
    """The setting holds from Python too, and no longer than it is asked for."""

    @pytest.fixture
    def seen(self, monkeypatch):
        """Numbers of threads while bones are looked for, and while they are registered; nothing is found."""
        seen = []

        def look(*_):
            seen.append(threads())
            raise SeriesError("no_hip_in_view")

        # a worker of a run that another test did in this process has set its own
        monkeypatch.setattr("ho_detect.system.parallel._threads", 0)
        monkeypatch.setattr("ho_detect.system.parallel.processors", lambda: 8)
        monkeypatch.setattr("ho_detect.analyze.find_anatomy", look)
        monkeypatch.setattr("ho_detect.followup.compare.register_bones", look)
        return seen

    @pytest.fixture
    def study(self, tmp_path):
        write_series(tmp_path, CtSeries(n_slices=14))
        return tmp_path

    @pytest.mark.parametrize("call", [detect, lambda path, settings: compare(path, path, settings)])
    def test_of_a_study_and_of_two(self, seen, study, call):
        for n in (3, 1):
            with pytest.raises(SeriesError):
                call(study, Settings(threads=n))
            assert threads() == 8
        assert seen == [3, 1]

    def test_of_the_registration(self, seen):
        with pytest.raises(SeriesError):
            compare_analyses(None, None, Settings(threads=2))
        assert seen == [2]

    def test_zero_leaves_what_the_process_uses(self, seen, study):
        with using_threads(5), pytest.raises(SeriesError):
            detect(study)
        assert seen == [5]


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(AttributeError):
        Settings().anatomy.bone_hu = 100.0


def test_defaults_survive_json():
    assert msgspec.json.decode(msgspec.json.encode(Settings()), type=Settings) == Settings()
