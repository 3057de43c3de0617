"""A running median of 31 values, exact, for many series at once.

Harmonic-percussive separation takes two medians of 31 at every point of the spectrum and spends nearly all of
its time there. Neighbouring windows share almost all of their values, so each run of 2, 4, 8, 3, 7 and 15
values is sorted once, by merging shorter runs, and two runs of 15 with one value between them give the median.
Comparisons only, the same ones for every series: 32 series go through the processor's vector registers together.
Equals ``scipy.ndimage.median_filter(x, size=(31, 1), mode="reflect")`` bit for bit.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

#: Values a window holds; the size librosa separates with.
WINDOW = 31
#: Series worked on together.
_WIDTH = 64
#: Stands for a value that is not there: larger than any.
_LARGEST = np.float32(np.inf)

_jit = numba.njit(cache=True, nogil=True)


def running_median(x: np.ndarray) -> np.ndarray:
    """Take the median of each value and its 15 neighbours on either side, along the first axis.

    Parameters
    ----------
    x : ndarray of float32, shape (length, series)
        Finite values. Past its ends a series goes on mirrored, the last value repeated first.

    Returns
    -------
    ndarray of float32, shape (length, series)
        Medians.
    """
    padded = np.pad(x, ((WINDOW // 2, WINDOW // 2), (0, -x.shape[1] % _WIDTH)), mode="symmetric")
    medians = np.empty((len(x), padded.shape[1]), dtype=np.float32)
    _median(padded, medians)
    return medians[:, : x.shape[1]]


@_jit
def _low(a: float, b: float) -> float:
    return a if a < b else b


@_jit
def _high(a: float, b: float) -> float:
    return a if a > b else b


# Batcher's odd-even merge: two sorted halves to one sorted whole.
@_jit
def _merge4(a: Any, b: Any) -> Any:
    x, y = _high(a[0], b[0]), _low(a[1], b[1])
    return _low(a[0], b[0]), _low(x, y), _high(x, y), _high(a[1], b[1])


@_jit
def _merge8(a: Any, b: Any) -> Any:
    e = _merge4((a[0], a[2]), (b[0], b[2]))
    o = _merge4((a[1], a[3]), (b[1], b[3]))
    return (
        e[0], _low(e[1], o[0]), _high(e[1], o[0]), _low(e[2], o[1]), _high(e[2], o[1]), _low(e[3], o[2]),
        _high(e[3], o[2]), o[3],
    )  # fmt: skip


# Runs lie in flat rings with constant strides, and each step below writes one array only: otherwise the
# compiler cannot prove that its inputs do not overlap its output, and does not use vector registers.
@_jit
def _two(first: Any, second: Any, out: Any) -> None:
    for c in range(_WIDTH):
        out[c] = _low(first[c], second[c])
        out[_WIDTH + c] = _high(first[c], second[c])


@_jit
def _four(a: Any, b: Any, out: Any) -> None:
    for c in range(_WIDTH):
        r = _merge4((a[c], a[_WIDTH + c]), (b[c], b[_WIDTH + c]))
        out[c], out[_WIDTH + c], out[2 * _WIDTH + c], out[3 * _WIDTH + c] = r


@_jit
def _seven(a: Any, single: Any, b: Any, out: Any) -> None:
    for c in range(_WIDTH):
        # A run that is one short ends in a value that is larger than any.
        three = _merge4((single[c], _LARGEST), (b[c], b[_WIDTH + c]))
        r = _merge8((a[c], a[_WIDTH + c], a[2 * _WIDTH + c], a[3 * _WIDTH + c]), three)
        out[c], out[_WIDTH + c], out[2 * _WIDTH + c], out[3 * _WIDTH + c] = r[0], r[1], r[2], r[3]
        out[4 * _WIDTH + c], out[5 * _WIDTH + c], out[6 * _WIDTH + c] = r[4], r[5], r[6]


@_jit
def _eight(a: Any, b: Any, out: Any) -> None:
    for c in range(_WIDTH):
        r = _merge8(
            (a[c], a[_WIDTH + c], a[2 * _WIDTH + c], a[3 * _WIDTH + c]),
            (b[c], b[_WIDTH + c], b[2 * _WIDTH + c], b[3 * _WIDTH + c]),
        )
        out[c], out[_WIDTH + c], out[2 * _WIDTH + c], out[3 * _WIDTH + c] = r[0], r[1], r[2], r[3]
        out[4 * _WIDTH + c], out[5 * _WIDTH + c] = r[4], r[5]
        out[6 * _WIDTH + c], out[7 * _WIDTH + c] = r[6], r[7]


# Runs of 15 are merged in three steps: even places, odd places, both; in one they would be too much.
@_jit
def _even(a: Any, b: Any, out: Any) -> None:
    for c in range(_WIDTH):
        r = _merge8(
            (a[c], a[2 * _WIDTH + c], a[4 * _WIDTH + c], a[6 * _WIDTH + c]),
            (b[c], b[2 * _WIDTH + c], b[4 * _WIDTH + c], b[6 * _WIDTH + c]),
        )
        out[c], out[_WIDTH + c], out[2 * _WIDTH + c], out[3 * _WIDTH + c] = r[0], r[1], r[2], r[3]
        out[4 * _WIDTH + c], out[5 * _WIDTH + c] = r[4], r[5]
        out[6 * _WIDTH + c], out[7 * _WIDTH + c] = r[6], r[7]


@_jit
def _odd(a: Any, b: Any, out: Any) -> None:
    for c in range(_WIDTH):
        r = _merge8(
            (a[_WIDTH + c], a[3 * _WIDTH + c], a[5 * _WIDTH + c], a[7 * _WIDTH + c]),
            (b[_WIDTH + c], b[3 * _WIDTH + c], b[5 * _WIDTH + c], _LARGEST),
        )
        out[c], out[_WIDTH + c], out[2 * _WIDTH + c], out[3 * _WIDTH + c] = r[0], r[1], r[2], r[3]
        out[4 * _WIDTH + c], out[5 * _WIDTH + c], out[6 * _WIDTH + c] = r[4], r[5], r[6]


@_jit
def _fifteen(e: Any, o: Any, out: Any) -> None:
    for c in range(_WIDTH):
        out[c] = e[c]
    for k in range(7):
        for c in range(_WIDTH):
            out[(2 * k + 1) * _WIDTH + c] = _low(e[(k + 1) * _WIDTH + c], o[k * _WIDTH + c])
            out[(2 * k + 2) * _WIDTH + c] = _high(e[(k + 1) * _WIDTH + c], o[k * _WIDTH + c])


@_jit
def _middle(a: Any, b: Any, between: Any, out: Any) -> None:
    # The 15th and 16th smallest of two runs of 15 together; the value between is clipped to them.
    for c in range(_WIDTH):
        below = _low(a[14 * _WIDTH + c], b[14 * _WIDTH + c])
        above = _high(a[c], b[14 * _WIDTH + c])
        for k in range(14):
            below = _low(below, _high(a[k * _WIDTH + c], b[(13 - k) * _WIDTH + c]))
            above = _low(above, _high(a[(k + 1) * _WIDTH + c], b[(13 - k) * _WIDTH + c]))
        out[c] = _high(below, _low(above, between[c]))


@_jit
def _median(x: np.ndarray, out: np.ndarray) -> None:
    # Rings of sorted runs, by the place (modulo 32) of the last value of the run.
    run2 = np.zeros((32, 2 * _WIDTH), dtype=np.float32)
    run4 = np.zeros((32, 4 * _WIDTH), dtype=np.float32)
    evens, odds = np.zeros(8 * _WIDTH, dtype=np.float32), np.zeros(7 * _WIDTH, dtype=np.float32)
    run7 = np.zeros(7 * _WIDTH, dtype=np.float32)
    run8 = np.zeros((32, 8 * _WIDTH), dtype=np.float32)
    run15 = np.zeros((32, 15 * _WIDTH), dtype=np.float32)
    for left in range(0, x.shape[1], _WIDTH):
        right = left + _WIDTH
        for end in range(x.shape[0]):
            now = end % 32
            _two(x[max(end - 1, 0), left:right], x[end, left:right], run2[now])
            _four(run2[(end - 2) % 32], run2[now], run4[now])
            _seven(run4[(end - 3) % 32], x[max(end - 2, 0), left:right], run2[now], run7)
            _eight(run4[(end - 4) % 32], run4[now], run8[now])
            _even(run8[(end - 7) % 32], run7, evens)
            _odd(run8[(end - 7) % 32], run7, odds)
            _fifteen(evens, odds, run15[now])
            if end >= 30:
                _middle(
                    run15[(end - 16) % 32], run15[now], x[end - 15, left:right], out[end - 30, left:right]
                )
