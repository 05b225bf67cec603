"""What an exported ONNX file takes as input."""

from enum import StrEnum


class ModelInput(StrEnum):
    """float32: a normalised image [batch, C, H, W], as the network takes it.

    uint8: a picture [batch, height, width, C] of any size; cutting, resizing and normalising are in the file.
    """

    FLOAT32 = "float32"
    UINT8 = "uint8"
