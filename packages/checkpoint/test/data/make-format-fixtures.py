"""Writes the *.pt fixtures of this folder with torch itself, and what they hold as format-fixtures.json.

pip install torch==1.13.1 "numpy<2" && python make-format-fixtures.py
"""

import argparse
import collections
import json
import pathlib

import numpy
import torch

data = pathlib.Path(__file__).parent
torch.manual_seed(1)


def tensors():
    """Every element type, and views that are offset, strided, transposed, broadcast or share a storage."""
    base = torch.arange(24, dtype=torch.float32)
    wide = torch.randn(2, 3, 4, 5)
    return collections.OrderedDict(
        float32=torch.randn(3, 4),
        float64=torch.randn(3, dtype=torch.float64) * 1e3,
        float16=torch.tensor([0.0, -0.0, 1.0, 65504.0, 2**-24, -(2**-14), 0.1, float("inf")], dtype=torch.float16),
        bfloat16=torch.tensor([1.0, -3.140625, 1e38, 1e-40], dtype=torch.bfloat16),
        int64=torch.tensor([0, -1, 2**40]),
        int32=torch.tensor([-(2**31), 7], dtype=torch.int32),
        int16=torch.tensor([-5, 300], dtype=torch.int16),
        int8=torch.tensor([-128, 127], dtype=torch.int8),
        uint8=torch.tensor([0, 255], dtype=torch.uint8),
        bool=torch.tensor([True, False, True]),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 3),
        whole=base,
        offset=base[5:9],
        strided=base[1::3],
        reshaped=base.view(4, 6)[1:3, 2:5],
        transposed=base.view(4, 6).t(),
        broadcast=base[3:5].view(2, 1).expand(2, 3),
        channels_last=wide.contiguous(memory_format=torch.channels_last),
        pointwise_channels_last=torch.randn(4, 3, 1, 1).contiguous(memory_format=torch.channels_last),
        strided_half=torch.arange(12, dtype=torch.float16).view(3, 4).t(),
    )


def describe(state):
    numbers = lambda t: ["inf" if v == float("inf") else v for v in t.detach().to(torch.float32).flatten().tolist()]
    return {
        name: {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "values": numbers(t)}
        for name, t in state.items()
    }


def legacy(value, name, **options):
    torch.save(value, data / name, _use_new_zipfile_serialization=False, **options)


expected = {}


def write(name, value, holds, root="", save=torch.save, **options):
    if save is torch.save:
        torch.save(value, data / name, **options)
    else:
        save(value, name, **options)
    expected[name] = {"root": root, "tensors": describe(holds)}


plain = tensors()
write("types.zip.pt", plain, plain)
write("types.legacy.pt", plain, plain, save=legacy)
write("types.protocol4.zip.pt", plain, plain, pickle_protocol=4)
write("types.protocol4.legacy.pt", plain, plain, save=legacy, pickle_protocol=4)

layer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4))
averaged = {name: value + 1 if value.is_floating_point() else value for name, value in layer.state_dict().items()}
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
layer(torch.randn(2, 3, 8, 8)).sum().backward()
optimizer.step()
training = {
    "epoch": 12,
    "arch": "mobileone_s0",
    "best": numpy.float64(71.4),
    "args": argparse.Namespace(lr=0.1, layers=[1, 2], nested={"a": (1, 2.5)}),
    "history": collections.defaultdict(list, loss=[1.0, 0.5]),
    "device": torch.device("cpu"),
    "dtype": torch.float16,
    "path": pathlib.PurePosixPath("a/b"),
    "optimizer": optimizer.state_dict(),
    "state_dict": layer.state_dict(),
    "state_dict_ema": averaged,
    "rng": torch.zeros(4, dtype=torch.uint8),
}
write("training.zip.pt", training, averaged, root="state_dict_ema")
write("training.legacy.pt", training, averaged, root="state_dict_ema", save=legacy)
parameters = dict(layer.named_parameters())
write("parameters.zip.pt", parameters, parameters)
write("unknown-wrapper.zip.pt", {"step": 1, "generator": layer.state_dict()}, layer.state_dict(), root="generator")

torch.save(layer, data / "module.zip.pt")
legacy(torch.nn.Linear(2, 2), "module.legacy.pt")
torch.save({"a": layer.state_dict(), "b": averaged}, data / "ambiguous.zip.pt")
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(data / "torchscript.pt"))

(data / "format-fixtures.json").write_text(json.dumps(expected) + "\n")
