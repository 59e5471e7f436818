import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ho_detect.agreement.statistics import bland_altman, intraclass, kappa, share

pytest.importorskip("pingouin")
VALUES = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=4, max_size=20)
#: Shrout and Fleiss (1979), Psychological Bulletin 86:420, table 2: six subjects, the first two of four judges.
JUDGES = ((9, 6, 8, 7, 10, 6), (2, 1, 4, 1, 5, 2))


def test_intraclass_correlation_equals_the_mean_squares():
    one, other = (np.array(j, float) for j in JUDGES)
    both = np.stack([one, other], axis=1)
    n, k = both.shape
    rows, columns, whole = both.mean(axis=1), both.mean(axis=0), both.mean()
    between = k * ((rows - whole) ** 2).sum() / (n - 1)
    judges = n * ((columns - whole) ** 2).sum() / (k - 1)
    error = ((both - rows[:, None] - columns + whole) ** 2).sum() / ((n - 1) * (k - 1))
    expected = (between - error) / (between + (k - 1) * error + k * (judges - error) / n)
    found = intraclass(*JUDGES)
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high
    assert found.low != round(found.low, 2)  # not rounded on the way


@given(VALUES)
def test_limits_hold_what_they_say(pairs):
    one, other = zip(*pairs, strict=True)
    difference = np.subtract(other, one)
    assume(difference.std() > 1e-3)
    found = bland_altman(one, other)
    assert found.bias.value == pytest.approx(difference.mean())
    assert found.upper_limit.value - found.lower_limit.value == pytest.approx(2 * 1.96 * difference.std(ddof=1))
    low, high = stats.t.interval(0.95, len(pairs) - 1, difference.mean(), stats.sem(difference))
    assert (found.bias.low, found.bias.high) == pytest.approx((low, high))
    turned = bland_altman(other, one)
    assert turned.bias.value == pytest.approx(-found.bias.value, abs=1e-9)


def test_limits_cover_95_percent_of_what_is_simulated():
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(300):
        difference = rng.normal(0.4, 2.0, 40)
        found = bland_altman(np.zeros(40), difference)
        inside.append(found.upper_limit.low <= 0.4 + 1.96 * 2.0 <= found.upper_limit.high)
    assert 0.91 <= np.mean(inside) <= 0.985


class TestKappa:
    VALUES = ("0", "I", "II", "III", "IV")

    def test_weights_count_how_far_grades_are_apart(self):
        reference = ["0", "I", "II", "III", "IV"] * 4
        near = ["I", "I", "II", "III", "IV"] * 4
        far = ["IV", "I", "II", "III", "IV"] * 4
        one, other = (kappa(reference, said, self.VALUES, "quadratic").value for said in (near, far))
        assert one > other
        assert kappa(reference, near, self.VALUES, "none").value == pytest.approx(
            kappa(reference, far, self.VALUES, "none").value, abs=0.05
        )

    @given(st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)), min_size=6, max_size=40))
    def test_equals_the_definition(self, pairs):
        one, other = zip(*pairs, strict=True)
        assume(len({*one, *other}) > 1)
        place = {v: k for k, v in enumerate(self.VALUES)}
        table = np.zeros((5, 5))
        for a, b in pairs:
            table[place[a], place[b]] += 1 / len(pairs)
        weight = np.subtract.outer(range(5), range(5)) ** 2
        chance = (weight * np.outer(table.sum(axis=1), table.sum(axis=0))).sum()
        found = kappa(one, other, self.VALUES, "quadratic")
        assert found.value == pytest.approx(1 - (weight * table).sum() / chance)
        if min(len({*one}), len({*other})) == 1:
            assert found.value == pytest.approx(0.0, abs=1e-9)
            return
        if found.low is None:  # disagreement all of one kind has no variance
            assert (found.high, "no variance" in found.why) == (None, True)
            return
        assert -1 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (bland_altman([1, 2], [1, 2]).bias, "fewer than three pairs"),
        (intraclass([1, 2], [1, 2]), "fewer than three pairs"),
        (intraclass([3, 3, 3], [3, 3, 3]), "all values are equal"),
        (kappa(["I"] * 5, ["I"] * 5, ("0", "I"), "quadratic"), "all grades are equal: nothing is left to chance"),
        (kappa(["I"], ["I"], ("0", "I"), "quadratic"), "fewer than three pairs"),
        (share(0, 0), "there is nothing to count"),
    ],
)
def test_what_cannot_be_said_is_null_with_the_reason(found, why):
    assert (found.value, found.why) == (None, why)


def test_a_share_of_all_has_an_interval_below_one():
    found = share(12, 12)
    assert (found.value, found.high) == pytest.approx((1.0, 1.0))
    assert found.low == pytest.approx(0.758, abs=0.001)
