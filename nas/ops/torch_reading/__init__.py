"""Reading an expression as a torch module: the only part of nas.ops that imports torch."""
