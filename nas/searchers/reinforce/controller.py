"""MnasNet's recurrent controller (arXiv:1807.11626, section 4.2), improved by PPO (arXiv:1707.06347).

One LSTM answers a sequence of decisions; each answer is its next input. Every option of every decision of the space is
one token, so a decision owns a range of tokens, and its softmax is the softmax over that range.

Shapes: B walks through the space, T decisions in the longest, V tokens, H hidden units.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random

import torch
from torch import Tensor, nn

from nas.decision import Decision

HIDDEN = 100
INIT = 0.1
"""Weights start uniform in [-INIT, INIT]."""

START = 0
"""The token before the first decision."""

State = tuple[Tensor, Tensor] | None


Walk = tuple[Mapping[str, int], Sequence[float], float]
"""Choices in the order made, the log-probability that each had then, and the advantage: reward minus baseline."""


class Controller:
    """A policy over the decisions of one space. Exactly repeatable: own generator, one thread, no global state."""

    def __init__(self, decisions: Sequence[Decision], learning_rate: float, seed: int) -> None:
        self._ranges: dict[str, range] = {}
        tokens = START + 1
        for decision in decisions:
            self._ranges[decision.name] = range(tokens, tokens + len(decision.options))
            tokens += len(decision.options)
        # Made without values, because torch's own initialisation would advance the global generator.
        self._embedding = nn.Embedding(tokens, HIDDEN, device="meta").to_empty(device="cpu")
        self._lstm = nn.LSTM(HIDDEN, HIDDEN, batch_first=True, device="meta").to_empty(device="cpu")
        self._head = nn.Linear(HIDDEN, tokens, device="meta").to_empty(device="cpu")
        parameters = [p for part in (self._embedding, self._lstm, self._head) for p in part.parameters()]
        generator = torch.Generator().manual_seed(seed)
        for parameter in parameters:
            nn.init.uniform_(parameter, -INIT, INIT, generator=generator)
        self._optimizer = torch.optim.Adam(parameters, learning_rate)

    @torch.no_grad()
    def step(self, token: int, state: State, decision: Decision) -> tuple[list[float], State]:
        """Log-probabilities of the options of decision after token, and the next state."""
        with _one_thread():
            hidden, state = self._lstm(self._embedding(torch.tensor([[token]])), state)
            mine = slice(self._ranges[decision.name].start, self._ranges[decision.name].stop)
            logits = nn.functional.linear(hidden[0, 0], self._head.weight[mine], self._head.bias[mine])
            return [float(log_prob) for log_prob in logits.log_softmax(-1)], state

    def token(self, name: str, option: int) -> int:
        """The token of this option of the decision with this name."""
        return self._ranges[name][option]

    def sampling(self, rng: Random) -> "Sampling":
        return Sampling(self, rng)

    @torch.no_grad()
    def log_probs(self, choices: Mapping[str, int]) -> tuple[float, ...]:
        """Log-probabilities that the current policy gives to these choices, in the order made."""
        if not choices:
            return ()
        batch = _Batch(self._ranges, [(choices, (0.0,) * len(choices), 0.0)], len(choices))
        with _one_thread():
            log_probs, _ = self._read(batch)
        return tuple(log_probs[0].tolist())

    def update(self, walks: Sequence[Walk], *, epochs: int, clip: float, entropy_weight: float) -> None:
        """PPO's clipped objective (arXiv:1707.06347, equation 7), climbed epochs times on all walks at once.

        clip is the largest distance from 1 at which the ratio of new to old probability still counts.
        """
        longest = max(len(choices) for choices, _, _ in walks)
        if longest == 0:
            return
        batch = _Batch(self._ranges, walks, longest)
        advantage = torch.tensor([advantage for _, _, advantage in walks])[:, None]  # [B, 1]
        with _one_thread():
            for _ in range(epochs):
                log_probs, entropy = self._read(batch)  # [B, T] both
                ratio = torch.exp(log_probs - batch.old)
                gain = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
                loss = -((gain + entropy_weight * entropy) * batch.asked).sum() / len(walks)
                self._optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without types
                self._optimizer.step()

    def _read(self, batch: "_Batch") -> tuple[Tensor, Tensor]:
        """Log-probability of each option taken, and the entropy of each decision, under the current policy."""
        hidden, _ = self._lstm(self._embedding(batch.inputs))  # [B, T, H]
        log_probs = self._head(hidden).masked_fill(~batch.allowed, -torch.inf).log_softmax(-1)  # [B, T, V]
        finite = log_probs.masked_fill(~batch.allowed, 0.0)  # 0 log 0 is 0, in the gradient too
        entropy = -(log_probs.exp() * finite).sum(-1)
        return finite.gather(-1, batch.taken[..., None])[..., 0], entropy


class Sampling:
    """Answers decisions by drawing from the current policy. A decision that is asked again starts the next walk."""

    def __init__(self, controller: Controller, rng: Random) -> None:
        self._controller = controller
        self._rng = rng
        self._walked: set[str] = set()
        self._token = START
        self._state: State = None

    def __call__(self, decision: Decision) -> int:
        if decision.name in self._walked:
            self._walked, self._token, self._state = set(), START, None
        log_probs, self._state = self._controller.step(self._token, self._state, decision)
        weights = torch.tensor(log_probs, dtype=torch.float64).exp().tolist()
        option: int = self._rng.choices(range(len(weights)), weights)[0]
        self._walked.add(decision.name)
        self._token = self._controller.token(decision.name, option)
        return option


class _Batch:
    """Walks side by side; shorter ones are padded at their end, which does not affect the LSTM's earlier outputs."""

    def __init__(self, ranges: Mapping[str, range], walks: Sequence[Walk], longest: int) -> None:
        shape = (len(walks), longest)
        self.inputs = torch.full(shape, START)
        self.taken = torch.full(shape, START)
        self.old = torch.zeros(shape)
        self.asked = torch.zeros(shape, dtype=torch.bool)
        self.allowed = torch.zeros(*shape, 1 + sum(map(len, ranges.values())), dtype=torch.bool)
        for b, (choices, log_probs, _) in enumerate(walks):
            token = START
            for t, (name, option) in enumerate(choices.items()):
                self.inputs[b, t] = token
                self.taken[b, t] = token = ranges[name][option]
                self.allowed[b, t, ranges[name].start : ranges[name].stop] = True
            self.asked[b, : len(choices)] = True
            self.old[b, : len(choices)] = torch.tensor(log_probs)
        self.allowed[~self.asked, START] = True  # a softmax over no tokens would be NaN


@contextmanager
def _one_thread() -> Iterator[None]:
    """One order of summation, whatever the number of threads, so that a replay on another machine repeats exactly."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
