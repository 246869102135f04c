"""Fashion-MNIST from its four gzipped IDX files, and the random shifts and flips it is trained with."""

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

LABELS = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
SIZE = 28
SHIFT = 2


def read_idx(path: Path) -> Tensor:
    data = gzip.decompress(path.read_bytes())
    rank = data[3]
    if data[:3] != b"\0\0\x08":
        raise SystemExit(f"{path}: not an IDX file of unsigned bytes")
    shape = np.frombuffer(data, ">u4", rank, 4).tolist()
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape).copy())


def load(folder: Path, split: str) -> tuple[Tensor, Tensor]:
    """Images [n, 28, 28] and labels [n] of `train` or `t10k`, as unsigned bytes."""
    if not folder.is_dir():
        raise SystemExit(f"{folder}: no such folder; install the Debian package dataset-fashion-mnist or give --data")
    return (
        read_idx(folder / f"{split}-images-idx3-ubyte.gz"),
        read_idx(folder / f"{split}-labels-idx1-ubyte.gz"),
    )


def normalise(images: Tensor, mean: float, std: float) -> Tensor:
    """Bytes [n, 28, 28] to network input [n, 1, 28, 28], channels last."""
    x = (images.float() / 255 - mean) / std
    return x.unsqueeze(1).contiguous(memory_format=torch.channels_last)


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image shifted by up to two pixels both ways, blank where nothing shifts in, and mirrored half the time."""
    n = len(images)
    padded = torch.nn.functional.pad(images, [SHIFT] * 4)
    top, left = torch.randint(0, 2 * SHIFT + 1, (2, n, 1), generator=generator)
    line = torch.arange(SIZE)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    row = top + line
    column = left + torch.where(mirrored, SIZE - 1 - line, line)
    return padded[torch.arange(n).view(n, 1, 1), row[:, :, None], column[:, None, :]]
