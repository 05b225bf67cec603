"""A teacher: an ONNX classifier of the user's, whose scores of the training images become soft labels.

Shapes: N images, K classes, C channels, R x R pixels.
"""
