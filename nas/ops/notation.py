"""Reading an expression as one line of text, and back.

    conv_32_k3_s2                      a leaf: its tag, then the fields that differ from their defaults
    [a b c]                            one after the other (the outermost brackets are left out)
    cat(a|b)  cat(a|b)_relu            concatenated branches
    res(body)  res(body|shortcut)_relu a residual

A whole network is written with its input in front: `3x224x224: conv_32_k3_s2 ... gap linear_1000`.
"""

import re
from collections.abc import Iterator
from dataclasses import Field, fields
from functools import singledispatch
from math import inf
from typing import Any

from nas.errors import NotationError
from nas.ops import ACTIVATIONS, LEAVES, Concat, Identity, Leaf, Network, Op, Residual, Seq, Shape

_TOKEN = re.compile(r"\s+|[a-z][a-z0-9_.+-]*|_[a-z0-9]+|[\[\]()|]")
_SHAPE = re.compile(r"([1-9][0-9]{0,8})x([1-9][0-9]{0,8})x([1-9][0-9]{0,8})")
_NUMBER = re.compile(r"([a-z]*)(-?[0-9].*)")
_DEEPEST = 100
"""Largest number of nested brackets that is read."""


def write_network(network: Network) -> str:
    """The network on one line; read_network is the inverse."""
    return f"{network.input}: {write(network.op)}"


def write(op: Op) -> str:
    """The expression on one line, outermost brackets left out; parse is the inverse up to those brackets."""
    text = _text(op)
    return text[1:-1] if isinstance(op, Seq) else text


@singledispatch
def _text(op: Op) -> str:
    raise TypeError(f"no notation for {type(op).__name__}")


@_text.register
def _(op: Leaf) -> str:
    values = [(f, getattr(op, f.name)) for f in fields(op)]  # type: ignore[arg-type]  # leaves are dataclasses
    return "_".join([op.tag, *(_field(f, value) for f, value in values if value != f.default)])


def _field(f: Field[Any], value: Any) -> str:
    if "words" in f.metadata:
        return next(str(word) for word, meaning in f.metadata["words"].items() if meaning == value)
    return f"{f.metadata['key']}{value}"


@_text.register
def _(op: Seq) -> str:
    return f"[{' '.join(_text(part) for part in op.ops)}]"


@_text.register
def _(op: Concat) -> str:
    return f"cat({'|'.join(_text(branch) for branch in op.branches)}){_suffix(op.act)}"


@_text.register
def _(op: Residual) -> str:
    shortcut = "" if op.shortcut == Identity() else f"|{_text(op.shortcut)}"
    return f"res({_text(op.body)}{shortcut}){_suffix(op.act)}"


def _suffix(act: str | None) -> str:
    return f"_{act}" if act else ""


def read_network(text: str) -> Network:
    """The network written as `CxHxW: expression`; NotationError points at what is wrong."""
    head, colon, body = text.partition(":")
    sizes = _SHAPE.fullmatch(head.strip())
    if not colon or not sizes:
        raise NotationError(f"a network starts with its input shape, such as '3x224x224: ', not {text[:20]!r}")
    return Network(Seq(_members(body)), Shape(*map(int, sizes.groups())))


def parse(text: str) -> Op:
    """The expression in text; NotationError points at what is wrong."""
    ops = _members(text)
    return ops[0] if len(ops) == 1 else Seq(ops)


def _members(text: str) -> tuple[Op, ...]:
    reader = _Reader(text)
    ops = reader.sequence()
    if reader.word:
        raise reader.wrong("unexpected")
    return tuple(ops)


class _Reader:
    """Recursive descent over the tokens of one line."""

    def __init__(self, text: str) -> None:
        self._tokens = self._scan(text)
        self._depth = 0
        self._advance()

    def _scan(self, text: str) -> Iterator[tuple[str, int]]:
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise NotationError(f"unexpected {text[at]!r} at position {at}")
            if not match.group().isspace():
                yield match.group(), at
            at = match.end()
        yield "", at

    def _advance(self) -> None:
        self.word, self._at = next(self._tokens)

    def wrong(self, what: str) -> NotationError:
        return NotationError(f"{what} {self.word or 'end'!r} at position {self._at}")

    def _take(self, token: str) -> None:
        if self.word != token:
            raise self.wrong(f"expected {token!r}, found")
        self._advance()

    def sequence(self) -> list[Op]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.wrong(f"more than {_DEEPEST} levels of brackets before")
        ops = []
        while self.word and self.word not in "])|":
            ops.append(self._one())
        self._depth -= 1
        return ops

    def _one(self) -> Op:
        if self.word == "[":
            self._advance()
            ops = self.sequence()
            self._take("]")
            return Seq(tuple(ops))
        word, error = self.word, self.wrong("no op is written")
        self._advance()
        if word == "cat":
            branches = self._branches()
            return Concat(tuple(branches), self._act())
        if word == "res":
            parts = self._branches()
            if len(parts) > 2:  # noqa: PLR2004 - body and shortcut
                raise self.wrong("a residual has a body and at most one shortcut, before")
            return Residual(parts[0], parts[1] if parts[1:] else Identity(), self._act())
        return _leaf(word, error)

    def _branches(self) -> list[Op]:
        self._take("(")
        branches = [self._branch()]
        while self.word == "|":
            self._advance()
            branches.append(self._branch())
        self._take(")")
        return branches

    def _branch(self) -> Op:
        ops = self.sequence()
        return ops[0] if len(ops) == 1 else Seq(tuple(ops))

    def _act(self) -> str | None:
        if not self.word.startswith("_"):
            return None
        act = self.word[1:]
        if act not in ACTIVATIONS:
            raise self.wrong("no activation is called")
        self._advance()
        return act


def _leaf(word: str, error: NotationError) -> Leaf:
    tag, *parts = word.split("_")
    if tag not in LEAVES:
        raise error
    cls, values = LEAVES[tag], {}
    for part in parts:
        name, value = _value(cls, part, error)
        if name in values:
            raise NotationError(f"{error}: {part!r} gives {name} a second time")
        values[name] = value
    try:
        return cls(**values)
    except TypeError:
        raise NotationError(f"{word!r} needs a number; write for example '{tag}_16'") from None


def _value(cls: type[Leaf], part: str, error: NotationError) -> tuple[str, Any]:
    number = _NUMBER.fullmatch(part)
    for f in fields(cls):  # type: ignore[arg-type]  # leaves are dataclasses
        if part in f.metadata.get("words", {}):
            return f.name, f.metadata["words"][part]
        if number and f.metadata.get("key") == number[1]:
            try:
                value = float(number[2]) if f.type is float else int(number[2])
            except ValueError:
                break
            if abs(value) != inf:
                return f.name, value
    raise NotationError(f"{error}: {part!r} is not a field of {cls.tag!r}")
