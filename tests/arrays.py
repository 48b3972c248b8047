"""Arrays in all places and layouts, and whether they have the same bits."""

import numpy as np


def same_bits(a, b, *, any_nan=False):
    """Equal in dtype, shape and every bit; for `any_nan`, any NaN is as good as another."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if not any_nan:
        return a.tobytes() == b.tobytes()
    unsigned = np.dtype(f"u{a.itemsize}")
    equal = np.ascontiguousarray(a).view(unsigned) == np.ascontiguousarray(b).view(unsigned)
    return bool(np.all(equal | (np.isnan(a) & np.isnan(b))))


def laid_out(a, kind):
    """The same elements in one of five layouts."""
    if a.ndim == 0:
        return a.copy()
    others = [a.copy(order="F"), np.stack([a, a], -1)[..., 0], a[::-1].copy()[::-1]]
    others.append(np.concatenate([a[:1], a])[1:])  # behind a boundary of vectors
    return [a.copy(), *others][kind % 5]


def offset_array(values, elements):
    """A contiguous copy that begins so many elements behind a cache line."""
    block = np.empty(values.nbytes + 64 + 16 * 8, np.uint8)
    start = -block.__array_interface__["data"][0] % 64 + elements * values.itemsize
    placed = block[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    placed[...] = values
    return placed
