"""Preparing pictures inside an ONNX graph: what `Preprocessing` says after decoding, in front of a network."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nas.images.preprocessing import Preprocessing

OPSET = 18
"""The first with Resize as Pillow resizes."""

IMAGE, PREPARED = "image", "prepared"


def with_pixels(network: onnx.ModelProto, how: Preprocessing) -> onnx.ModelProto:
    """The network with pictures as input, uint8 [batch, height, width, C], instead of float32 [batch, C, H, W]."""
    graph = _Graph()
    square = graph.resized(graph.central_square(IMAGE), how.size, axes=[1, 2])
    planes = graph.node("Transpose", [square], perm=[0, 3, 1, 2])
    graph.normalised(graph.node("Cast", [planes], to=TensorProto.FLOAT), how)
    made = onnx.ModelProto()
    made.CopyFrom(network)
    for node in made.graph.node:
        node.input[:] = [PREPARED if name == IMAGE else name for name in node.input]
    nodes = [*graph.nodes, *made.graph.node]
    opset = max(OPSET, *(known.version for known in made.opset_import))
    del made.graph.node[:], made.graph.input[:], made.opset_import[:]
    made.graph.node.extend(nodes)
    made.graph.initializer.extend(graph.constants.values())
    shape: list[str | int | None] = ["batch", "height", "width", how.channels]
    made.graph.input.append(helper.make_tensor_value_info(IMAGE, TensorProto.UINT8, shape))
    made.opset_import.append(helper.make_opsetid("", opset))
    onnx.checker.check_model(made)
    return made


class _Graph:
    """The nodes in front of a network; names begin with `pixels.`, so that they differ from the network's."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def node(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        name = output or f"pixels.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, name: str, value: NDArray[Any]) -> str:
        name = f"pixels.{name}"
        self.constants[name] = numpy_helper.from_array(value, name)
        return name

    def central_square(self, image: str) -> str:
        """The central square of an image [batch, H, W, C], half a pixel further up or left if it is between two."""
        sides = self.node("Shape", [image], start=1, end=3)
        shorter = self.node("ReduceMin", [sides, self.constant("all", np.array([0]))], keepdims=1)
        begin = self.node("Div", [self.node("Sub", [sides, shorter]), self.constant("two", np.array([2]))])
        end = self.node("Add", [begin, shorter])
        return self.node("Slice", [image, begin, end, self.constant("axes", np.array([1, 2]))])

    def resized(self, image: str, side: int, axes: list[int], output: str | None = None) -> str:
        """The square image with these axes resized to side, as Pillow does it: bilinear, wider where it shrinks."""
        sides = self.constant(f"sides.{side}", np.array([side, side]))
        how = {"mode": "linear", "antialias": 1, "exclude_outside": 1, "coordinate_transformation_mode": "half_pixel"}
        return self.node("Resize", [image, "", "", sides], output, axes=axes, **how)

    def normalised(self, levels: str, how: Preprocessing) -> None:
        """Levels [batch, C, size, size] as PREPARED, what the network takes."""
        scale, offset = (np.reshape(values, (-1, 1, 1)) for values in how.affine())
        scaled = self.node("Mul", [levels, self.constant("scale", scale)])
        fits = how.resolution == how.size
        planes = self.node("Add", [scaled, self.constant("offset", offset)], PREPARED if fits else None)
        if not fits:
            self.resized(planes, how.resolution, axes=[2, 3], output=PREPARED)
