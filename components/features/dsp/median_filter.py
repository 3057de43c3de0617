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


# Batcher's odd-even merge: two sorted halves to one sorted whole.
@_jit
def _merge4(a: Any, b: Any) -> Any:
    x, y = max(a[0], b[0]), min(a[1], b[1])
    return min(a[0], b[0]), min(x, y), max(x, y), max(a[1], b[1])


@_jit
def _merge8(a: Any, b: Any) -> Any:
    e = _merge4((a[0], a[2]), (b[0], b[2]))
    o = _merge4((a[1], a[3]), (b[1], b[3]))
    return (
        e[0], min(e[1], o[0]), max(e[1], o[0]), min(e[2], o[1]), max(e[2], o[1]), min(e[3], o[2]),
        max(e[3], o[2]), o[3],
    )  # fmt: skip


@_jit
def _pair(run: Any, c: int) -> Any:
    return run[c], run[_WIDTH + c]


@_jit
def _quad(run: Any, c: int, first: int, step: int) -> Any:
    start, stride = first * _WIDTH + c, step * _WIDTH
    return run[start], run[start + stride], run[start + 2 * stride], run[start + 3 * stride]


@_jit
def _write(out: Any, c: int, merged: Any) -> None:
    # A tuple's length is fixed: the loop is unrolled, and those over c go through vector registers.
    for k in range(len(merged)):
        out[k * _WIDTH + c] = merged[k]


# Runs lie in flat rings with constant strides, and each step below writes one array only: otherwise the
# compiler cannot prove that its inputs do not overlap its output, and does not use vector registers.
@_jit
def _two(first: Any, second: Any, out: Any) -> None:
    for c in range(_WIDTH):
        out[c] = min(first[c], second[c])
        out[_WIDTH + c] = max(first[c], second[c])


@_jit
def _four(a: Any, b: Any, out: Any) -> None:
    for c in range(_WIDTH):
        _write(out, c, _merge4(_pair(a, c), _pair(b, c)))


@_jit
def _seven(a: Any, single: Any, b: Any, out: Any) -> None:
    for c in range(_WIDTH):
        # A run that is one short ends in a value that is larger than any.
        three = _merge4((single[c], _LARGEST), _pair(b, c))
        _write(out, c, _merge8(_quad(a, c, 0, 1), three))


@_jit
def _eight(a: Any, b: Any, first: int, step: int, out: Any) -> None:
    for c in range(_WIDTH):
        _write(out, c, _merge8(_quad(a, c, first, step), _quad(b, c, first, step)))


# Runs of 15 are merged in three steps: even places, odd places, both; in one they would be too much.
@_jit
def _fifteen(e: Any, o: Any, out: Any) -> None:
    for c in range(_WIDTH):
        out[c] = e[c]
    for k in range(7):
        for c in range(_WIDTH):
            out[(2 * k + 1) * _WIDTH + c] = min(e[(k + 1) * _WIDTH + c], o[k * _WIDTH + c])
            out[(2 * k + 2) * _WIDTH + c] = max(e[(k + 1) * _WIDTH + c], o[k * _WIDTH + c])


@_jit
def _middle(a: Any, b: Any, between: Any, out: Any) -> None:
    # The 15th and 16th smallest of two runs of 15 together; the value between is clipped to them.
    for c in range(_WIDTH):
        below = min(a[14 * _WIDTH + c], b[14 * _WIDTH + c])
        above = max(a[c], b[14 * _WIDTH + c])
        for k in range(14):
            below = min(below, max(a[k * _WIDTH + c], b[(13 - k) * _WIDTH + c]))
            above = min(above, max(a[(k + 1) * _WIDTH + c], b[(13 - k) * _WIDTH + c]))
        out[c] = max(below, min(above, between[c]))


@_jit
def _median(x: np.ndarray, out: np.ndarray) -> None:
    # Rings of sorted runs, by the place (modulo 32) of the last value of the run.
    run2 = np.zeros((32, 2 * _WIDTH), dtype=np.float32)
    run4 = np.zeros((32, 4 * _WIDTH), dtype=np.float32)
    evens, odds = np.zeros(8 * _WIDTH, dtype=np.float32), np.zeros(8 * _WIDTH, dtype=np.float32)
    run7 = np.zeros(8 * _WIDTH, dtype=np.float32)
    run8 = np.zeros((32, 8 * _WIDTH), dtype=np.float32)
    run15 = np.zeros((32, 15 * _WIDTH), dtype=np.float32)
    for left in range(0, x.shape[1], _WIDTH):
        right = left + _WIDTH
        for end in range(x.shape[0]):
            now = end % 32
            _two(x[max(end - 1, 0), left:right], x[end, left:right], run2[now])
            _four(run2[(end - 2) % 32], run2[now], run4[now])
            _seven(run4[(end - 3) % 32], x[max(end - 2, 0), left:right], run2[now], run7)
            _eight(run4[(end - 4) % 32], run4[now], 0, 1, run8[now])
            _eight(run8[(end - 7) % 32], run7, 0, 2, evens)
            _eight(run8[(end - 7) % 32], run7, 1, 2, odds)
            _fifteen(evens, odds, run15[now])
            if end >= 30:
                past = run15[(end - 16) % 32]
                _middle(past, run15[now], x[end - 15, left:right], out[end - 30, left:right])
