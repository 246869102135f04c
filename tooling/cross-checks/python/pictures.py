"""Resized pictures of Pillow, and pictures prepared by torchvision."""
import numpy
import torch
from PIL import Image
from torchvision import transforms

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
MODES = {"bilinear": transforms.InterpolationMode.BILINEAR, "bicubic": transforms.InterpolationMode.BICUBIC}


def picture_of(case, blob):
    return Image.frombytes("L" if case["channels"] == 1 else "RGB", (case["width"], case["height"]), blob)


def resize(args, blobs):
    made = []
    for case, blob in zip(args["cases"], blobs):
        picture = picture_of(case, blob).resize(tuple(case["to"]), FILTERS[case["filter"]])
        left, top, width, height = case["window"]
        made.append(picture.crop((left, top, left + width, top + height)).tobytes())
    return {}, made


def prepare(args, blobs):
    made = []
    for case, blob in zip(args["cases"], blobs):
        rule = case["rule"]
        steps = transforms.Compose([
            transforms.Resize(rule["resize"], MODES[rule["interpolation"]]),
            transforms.CenterCrop(rule["size"]),
            transforms.ToTensor(),
            transforms.Normalize(rule["mean"], rule["std"]),
        ])
        made.append(steps(picture_of(case, blob)).to(torch.float32).contiguous().numpy().astype(numpy.float32).tobytes())
    return {}, made
