"""Limits that a process sets itself before it works on what it does not trust."""

import resource
from collections.abc import Mapping


def limit_process(most: Mapping[int, int]) -> None:
    """Lower limits of the resources (RLIMIT_...) for good; one that is lower already stays."""
    for kind, limit in ({resource.RLIMIT_CORE: 0} | dict(most)).items():
        hard = resource.getrlimit(kind)[1]
        lower = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (lower, lower))
