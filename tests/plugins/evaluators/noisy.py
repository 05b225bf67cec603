"""A training in a moment: an accuracy that rises with the network's parameters, and noise by network and seed."""

import os
import signal
from pathlib import Path

import numpy as np

from nas.errors import DivergedError
from nas.evaluator import CacheKey, Evaluator, evaluator
from nas.ops.cost import network_cost

FULL = 2000.0


@evaluator("noisy")
class Noisy(Evaluator):
    """noise: standard deviation. log: a file that gets a line, seed and parameters, for each training. kill_at: the
    line after which the process is killed, the first time. fails_from: seeds from this one on diverge.
    """

    trains = True

    def __init__(self, dataset, seed, *, noise: float = 0.05, log: str = "", kill_at: int = 0, fails_from: int = 2**31):
        super().__init__(dataset, seed)
        self._noise, self._log, self._kill_at, self._fails_from = noise, log, kill_at, fails_from

    @property
    def cache_key(self):
        return CacheKey(self.dataset.digest, f"noisy-{self._noise}")

    def evaluate(self, network, report):
        params = network_cost(network).params
        if self._log:
            with Path(self._log).open("a") as file:
                file.write(f"{self.seed} {params}\n")
            if self._kill_at and len(Path(self._log).read_text().splitlines()) == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        if self.seed >= self._fails_from:
            raise DivergedError("the loss is nan")
        drawn = np.random.default_rng([self.seed, params]).standard_normal()
        accuracy = float(np.clip(0.5 + 0.3 * params / FULL + self._noise * drawn, 0, 1))
        report(1, {"accuracy": accuracy})
        return {"accuracy": accuracy}
