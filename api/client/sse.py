"""Server-sent events as they come over the wire, parsed by the rules of the HTML standard, section 9.2."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One event: its id and type as sent ("" if none was), its data lines joined."""

    id: str
    type: str
    data: str


class MessageParser:
    """Bytes in, however they are cut; whole messages out. A message that is cut off at the end is dropped."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._fields: dict[str, list[str]] = {}

    def feed(self, chunk: bytes) -> Iterator[Message]:
        text = self._rest + self._decoder.decode(chunk)
        held = text.endswith("\r")  # the line feed that may belong to it comes with the next chunk
        text, tail = (text[:-1], "\r") if held else (text, "")
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = rest + tail
        for line in lines:
            if line:
                self._field(line)
                continue
            fields, self._fields = self._fields, {}
            if "data" in fields:
                yield Message(fields.get("id", [""])[-1], fields.get("event", [""])[-1], "\n".join(fields["data"]))

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name:  # a line that begins with a colon is a comment, sent to keep the connection open
            self._fields.setdefault(name, []).append(value.removeprefix(" "))
