"""Images that are read batch by batch, by a thread that is ahead of the training, where a device does not hold all."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from nas.image_set.checks import Images
from nas.image_set.mapped import MappedImages, chunks
from nas.training.tensors import tensor

RESIDENT_SHARE = 0.25
"""Of a GPU's free memory: a split that takes more is read batch by batch."""

AHEAD = 2
"""Batches that are read before they are asked for."""


def is_resident(images: Images, device: torch.device) -> bool:
    """Whether a training holds all images on its device: on a CPU where they are in memory as it is."""
    if device.type != "cuda":
        return not isinstance(images, MappedImages)
    return images.nbytes <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]


def on_device(images: Images, device: torch.device) -> Tensor:
    """All images on the device, uint8 [N, H, W, C]; on a CPU over the same memory, if they are in memory."""
    if not isinstance(images, MappedImages):
        return tensor(images).to(device)
    found, at = torch.empty(images.shape, dtype=torch.uint8, device=device), 0
    for some in chunks(images):
        found[at : at + len(some)] = tensor(some)
        at += len(some)
    return found


def streamed(images: Images, batches: Sequence[Tensor], device: torch.device) -> Iterator[Tensor]:
    """The images of each batch on the device, uint8 [B, H, W, C]. batches: their places among all images."""

    def read(batch: Tensor) -> Tensor:
        found = tensor(images[batch.numpy()])
        return found.pin_memory() if device.type == "cuda" else found

    reader = ThreadPoolExecutor(1, "images")
    try:
        coming = deque(reader.submit(read, batch) for batch in batches[:AHEAD])
        for following in [*batches[AHEAD:], *[None] * min(AHEAD, len(batches))]:
            found = coming.popleft().result()
            if following is not None:
                coming.append(reader.submit(read, following))
            yield found.to(device, non_blocking=True)
    finally:
        reader.shutdown(cancel_futures=True)
