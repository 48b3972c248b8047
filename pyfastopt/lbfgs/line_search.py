"""The line search of L-BFGS: where along a direction the strong Wolfe conditions are met.

Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6, with cubic
interpolation; it tries the points that ``torch.optim.LBFGS`` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from .vectors import Vector


class Point(NamedTuple):
    """What is known of a place on the line that is searched."""

    t: float
    loss: float
    slope: float
    grad: Vector


def strong_wolfe(
    look: Callable[[float, Vector], Point],
    t: float,
    start: Point,
    length: float,
    spare: list[Vector],
    limit: int,
    tolerance: float,
) -> tuple[Point, int]:
    """Find a point that meets the strong Wolfe conditions, or the best within the limit.

    Parameters
    ----------
    look : callable
        Evaluates a place on the line, and keeps its gradient in the vector that it is given.
    t : float
        The first place to try.
    start : Point
        Where the line begins, at 0.
    length : float
        The largest element of the direction.
    spare : list of vectors
        Vectors for gradients, three at least. Those that are not returned are in it again.
    limit : int
        Evaluations after which it ends.
    tolerance : float
        Length of a bracket at which it ends.

    Returns
    -------
    Point, int
        The point, and the number of evaluations.
    """
    sufficient, curvature = 1e-4, 0.9

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + sufficient * point.t * start.slope

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -curvature * start.slope

    def free(point: Point, *used: Point) -> None:
        if all(point.grad is not other.grad for other in (start, *used)):
            spare.append(point.grad)

    # Go on until a minimum must lie between the last two points.
    previous, new = start, look(t, spare.pop())
    evaluations, rounds = 1, 0
    bracket: list[Point] = []
    while rounds < limit:
        if too_high(new) or (rounds > 1 and new.loss >= previous.loss):
            bracket = [previous, new]
            break
        if is_flat(new):
            free(previous, new)
            return new, evaluations
        if new.slope >= 0:
            bracket = [previous, new]
            break
        within = new.t + 0.01 * (new.t - previous.t), new.t * 10
        t = cubic_minimum(previous, new, *within)
        free(previous, new)
        previous, new = new, look(t, spare.pop())
        evaluations += 1
        rounds += 1
    if not bracket:
        free(previous, start, new)
        bracket = [start, new]
    # Then make the bracket smaller, keeping the lower of its ends in `low`.
    low = 0 if bracket[0].loss <= bracket[1].loss else 1
    stalled = False
    while rounds < limit:
        left, right = sorted((bracket[0].t, bracket[1].t))
        if (right - left) * length < tolerance:
            break
        t = cubic_minimum(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if stalled or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stalled = False
            else:
                stalled = True
        else:
            stalled = False
        new = look(t, spare.pop())
        evaluations += 1
        rounds += 1
        if too_high(new) or new.loss >= bracket[low].loss:
            free(bracket[1 - low], bracket[low])
            bracket[1 - low] = new
            low = 0 if bracket[0].loss <= bracket[1].loss else 1
            continue
        done = is_flat(new)
        if not done and new.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            free(bracket[1 - low], bracket[low])
            bracket[1 - low] = bracket[low]
        else:
            free(bracket[low], bracket[1 - low])
        bracket[low] = new
        if done:
            break
    free(bracket[1 - low], bracket[low])
    return bracket[low], evaluations


def cubic_minimum(a: Point, b: Point, lower: float, upper: float) -> float:
    """Return where the cubic through two points with slopes is lowest, within the bounds."""
    if a.t == b.t:  # 0, where the gradient is infinite
        return (lower + upper) / 2
    left, right = (a, b) if a.t <= b.t else (b, a)
    chord = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = chord * chord - a.slope * b.slope
    if not 0 <= square < math.inf:
        return (lower + upper) / 2
    root = math.sqrt(square)
    slopes = right.slope - left.slope + 2 * root
    if slopes == 0:
        return (lower + upper) / 2
    t = right.t - (right.t - left.t) * ((right.slope + root - chord) / slopes)
    return min(max(t, lower), upper)
