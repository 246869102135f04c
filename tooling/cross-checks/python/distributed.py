"""Pictures to train on, and the logits of a trained checkpoint in timm."""
import random
from pathlib import Path

import numpy
import safetensors.torch
import timm
import torch
from PIL import Image


def write_pictures(args, _):
    """A folder with train/ and val/ of plain pictures, by the class's colour."""
    source = random.Random(args["seed"])
    for split, count in (("train", args["train"]), ("val", args["val"])):
        for channel, name in enumerate(args["labels"]):
            path = Path(args["folder"], split, name)
            path.mkdir(parents=True)
            for index in range(count):
                colour = tuple(source.randint(0, 90) + (150 if each == channel else 0) for each in range(3))
                Image.new("RGB", (source.randint(40, 70), source.randint(40, 70)), colour).save(path / f"{index}.png")
    return {}, []


@torch.no_grad()
def logits(args, blobs):
    model = timm.create_model(args["model"], num_classes=args["classes"]).eval()
    image = torch.from_numpy(numpy.frombuffer(blobs[0], numpy.float32).reshape(1, 3, args["size"], args["size"]).copy())
    state = torch.load(args["checkpoint"], weights_only=True)
    made = []
    for weights in (state["state_dict"], safetensors.torch.load_file(args["model_file"])):
        model.load_state_dict(weights, strict=True)
        made.append(model(image).contiguous().numpy().tobytes())
    return {}, made
