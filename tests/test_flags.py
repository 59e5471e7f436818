import pickle
import re

import pytest

from ho_detect.detection.judge.excluded import EXCLUSIONS
from ho_detect.errors import HoDetectError, SeriesError
from ho_detect.flags import COMPARED, FLAGS, LEFT_OUT, NULLS, REASONS, Null, flag, null

ALL = {**REASONS, **FLAGS, **NULLS, **COMPARED}


class TestRegistry:
    def test_codes_are_stable(self):
        # a code that vanishes breaks those who rely on it; adding one is free
        assert {
            "not_ct", "not_dicom", "localizer", "derived_object", "too_few_slices", "not_hip_region", "no_hip_in_view",
            "better_series_used",
        } == LEFT_OUT  # fmt: skip
        assert {
            "no_position", "bad_geometry", "mixed_orientation", "tilted", "uneven_spacing", "missing_slices",
            "several_volumes", "not_axial", "too_thick", "not_hu", "unreadable", "decode_failed", "too_large",
            "crashed", "timed_out", "memory_limit", "not_written", "interrupted", "internal_error",
        } <= set(REASONS) - LEFT_OUT  # fmt: skip
        assert {
            "metal", "thick_slices", "hip_cut_by_view", "head_cut_by_view", "one_hip_in_view", "hip_fit_uncertain",
            "hidden_by_metal", "hip_not_in_view", "set_aside_undecided", "density_grade_1", "research_use",
            "vessels_not_assessed", "hu_uncalibrated", "atypical_pattern",
        } <= set(FLAGS)  # fmt: skip
        assert {
            "outside_body", "near_metal", "too_small", "out_of_reach", "other_side", "native_bone", "osteophyte",
            "native_unsure", "cut_native_bone", "contrast", "vessel_calcium", "pelvic_cavity", "subcutaneous",
            "mimic_unsure", "unlikely",
        } <= set(EXCLUSIONS)  # fmt: skip

    def test_a_code_means_one_thing(self):
        assert len(ALL) == len(REASONS) + len(FLAGS) + len(NULLS) + len(COMPARED)

    @pytest.mark.parametrize("code", [*ALL, *EXCLUSIONS])
    def test_codes_and_sentences(self, code):
        assert re.fullmatch(r"[a-z][a-z_]*(_\d|[a-z])", code)
        sentence = ALL.get(code) or EXCLUSIONS[code]
        assert sentence == sentence.strip(" .")


class TestFlag:
    def test_detail_follows_the_sentence(self):
        assert flag("metal").message == FLAGS["metal"]
        assert flag("tilted", "12 degrees").message == f"{REASONS['tilted']} (12 degrees)"

    @pytest.mark.parametrize("make", [flag, lambda code: null("field", code), SeriesError])
    def test_unknown_codes_are_refused(self, make):
        with pytest.raises(ValueError, match="'no_such_code'"):
            make("no_such_code")


class TestNull:
    def test_says_which_field_and_why(self):
        assert null("mavrogenis", "no_type_fits") == Null("mavrogenis", "no_type_fits", NULLS["no_type_fits"])
        assert null("brooker_ct", "hip_cut_by_view").message == FLAGS["hip_cut_by_view"]

    def test_unknown_codes_are_refused(self):
        with pytest.raises(ValueError, match="'tilted'"):  # of a series, not of a value
            null("brooker_ct", "tilted")


class TestSeriesError:
    @pytest.mark.parametrize("code", REASONS)
    def test_fails_or_is_left_out(self, code):
        assert SeriesError(code).is_failure == (code not in LEFT_OUT)

    def test_survives_a_process_boundary(self):
        error = pickle.loads(pickle.dumps(SeriesError("tilted", "12 degrees")))  # noqa: S301 - made on this line
        assert isinstance(error, HoDetectError)
        assert (error.reason, error.detail, str(error)) == (
            "tilted",
            "12 degrees",
            f"{REASONS['tilted']} (12 degrees)",
        )
