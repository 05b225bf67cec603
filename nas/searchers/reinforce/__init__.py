"""MnasNet's reinforcement learning: a recurrent controller that is trained by the rewards of its samples."""

from nas.searchers.reinforce.search import Reinforce

__all__ = ["Reinforce"]
