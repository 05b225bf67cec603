"""Boxes in the space of known goals, over each of which the best value of a front is the same.

A point of that space can be had at the best value of the networks that are no worse than it in every known goal. In one
goal that is a step function. In two it is a terrace: networks are placed from the best value down, and each adds the
region that it reaches and none before it, cut at the corners of the staircase of those before. A corner that it covers
is gone, so n networks make fewer than 3n boxes (the sweep of Beume et al., IEEE TEC 2009, for volumes in three
dimensions).

Shapes: n networks, k known goals, s boxes.
"""

from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Boxes = tuple[Values, Values, Values]
"""Ends of boxes [s, k], the better ones, minus infinity where nothing bounds them, and the worse; and levels [s]."""


def boxes_of(values: Values, known: Values, worst: float, far: Values) -> Boxes:
    """The boxes up to far [k], without overlap and gap, of networks with values [n] and known goals [n, k].

    All networks are better than worst and far; worst is the level where none reaches. One goal or two.
    """
    return _steps(values, known[:, 0], worst, far) if len(far) == 1 else _terrace(values, known, worst, far)


def _steps(values: Values, known: Values, worst: float, far: Values) -> Boxes:
    """The levels rise with the ends."""
    order = np.lexsort((-values, known))
    ordered = values[order]
    best = np.maximum.accumulate(np.concatenate([[-np.inf], ordered]))[:-1]
    front = order[ordered > best]
    ends = np.concatenate([[-np.inf], known[front], far])
    return ends[:-1, None], ends[1:, None], np.concatenate([[worst], values[front]])


def _terrace(values: Values, known: Values, worst: float, far: Values) -> Boxes:
    """The staircase has corners by rising x and falling y; what is above and to the right of one is taken."""
    far_x, far_y = far.tolist()
    xs, ys = [-np.inf, far_x], [far_y, -np.inf]  # walls at both ends
    boxes: list[tuple[float, float, float, float, float]] = []

    def take(x: float, y: float, level: float) -> None:
        """Box what is above y, right of x and not taken yet, and make (x, y) a corner of the staircase."""
        first = bisect_right(xs, x)  # corners from here on are right of x
        if ys[first - 1] <= y:
            return
        last, left = first, x
        while ys[last] > y:  # covered corners end strips
            boxes.append((left, xs[last], y, ys[last - 1], level))
            left, last = xs[last], last + 1
        boxes.append((left, xs[last], y, ys[last - 1], level))
        from_ = bisect_left(xs, x)
        xs[from_:last], ys[from_:last] = [x], [y]

    for place in np.lexsort((known[:, 1], known[:, 0], -values)).tolist():
        x, y = known[place].tolist()
        take(x, y, float(values[place]))
    take(-np.inf, -np.inf, worst)
    left, right, bottom, top, levels = np.array(boxes).T
    return np.column_stack([left, bottom]), np.column_stack([right, top]), levels
