"""The time that the device takes for one image: estimated for a trial, measured end to end for a finalist.

What an estimate says of itself (latency_low_ms, latency_high_ms, latency_error_ms and the shares of what it rests on)
belongs to it and is no metric of its own.
"""

from nas.metric import Column, Metric, Source, metric
from nas.pareto import Better


@metric("latency_ms")
class Latency(Metric):
    label = "latency"
    unit = "ms"
    better = Better.LOWER
    source = Source.DEVICE
    order = 1
    column = Column("ms", decimals=4)
