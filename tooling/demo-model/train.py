"""Trains the demo's embedded MobileOne on Fashion-MNIST and writes apps/demo/assets, from start to end.

Recipe of arXiv 2206.04040 scaled to minutes on one core: SGD with momentum, cosine learning rate, weight decay annealed
along the same cosine, label smoothing, an exponential moving average of weights and buffers. The last 5,000 training
images are held out for the log; the 10,000 test images are used once, on the written file.
"""

import argparse
import copy
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fashion_mnist import LABELS, augment, load, normalise
from mobileone import MobileOne

ASSETS = Path(__file__).resolve().parents[2] / "apps/demo/assets"
WEIGHTS = "fashion-mnist.safetensors"
BRANCHES = 2
CONFIG = {
    "name": "mobileone-fashion-mnist",
    "input": {"channels": 1, "size": [28, 28]},
    "stem": {"channels": 24, "stride": 1, "branches": BRANCHES},
    "stages": [
        {"blocks": blocks, "channels": channels, "stride": stride, "branches": BRANCHES, "squeezeExcite": 0}
        for blocks, channels, stride in [(1, 48, 2), (2, 72, 1), (4, 128, 2), (1, 256, 1)]
    ],
    "classes": 10,
}
SETTINGS = {
    "optimizer": "SGD, Nesterov momentum 0.9",
    "batch": 128,
    "learningRate": 0.1,
    "warmupSteps": 200,
    "weightDecay": [1e-4, 1e-5],
    "weightDecayOf": "convolution and linear kernels",
    "schedule": "cosine, learning rate and weight decay",
    "labelSmoothing": 0.1,
    "emaDecay": 0.998,
    "augmentation": "shift up to 2 pixels, horizontal flip",
    "heldOut": 5000,
}


def evaluate(model: nn.Module, x: Tensor, labels: Tensor) -> Tensor:
    """Logits of every image; also checks there is one per label."""
    model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(batch) for batch in x.split(500)])
    assert len(logits) == len(labels)
    return logits


def percent_correct(logits: Tensor, labels: Tensor) -> float:
    return round(100 * (logits.argmax(1) == labels).double().mean().item(), 4)


def train(images: Tensor, labels: Tensor, mean: float, std: float, epochs: int, seed: int) -> tuple[nn.Module, list]:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = MobileOne(CONFIG).to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    kept = len(images) - SETTINGS["heldOut"]
    held_out, held_out_labels = normalise(images[kept:], mean, std), labels[kept:]
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": kernels}, {"params": others, "weight_decay": 0}],
        lr=SETTINGS["learningRate"],
        momentum=0.9,
        nesterov=True,
        foreach=True,
    )
    batch, (decay_from, decay_to) = SETTINGS["batch"], SETTINGS["weightDecay"]
    steps, step, log = epochs * (kept // batch), 0, []
    for epoch in range(1, epochs + 1):
        model.train()
        started, total = time.perf_counter(), 0.0
        order = torch.randperm(kept, generator=generator)[: kept // batch * batch]
        for chosen in order.split(batch):
            cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
            rate = SETTINGS["learningRate"] * cosine * min(1, (step + 1) / SETTINGS["warmupSteps"])
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.param_groups[0]["weight_decay"] = decay_to + (decay_from - decay_to) * cosine
            x = normalise(augment(images[chosen], generator), mean, std)
            loss = F.cross_entropy(model(x), labels[chosen], label_smoothing=SETTINGS["labelSmoothing"])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            follow(average, model, min(SETTINGS["emaDecay"], step / (step + 10)))
            total += loss.item()
        top1 = percent_correct(evaluate(average, held_out, held_out_labels), held_out_labels)
        entry = {
            "epoch": epoch,
            "loss": round(total / (kept // batch), 4),
            "heldOutTop1": top1,
            "seconds": round(time.perf_counter() - started),
        }
        print(json.dumps(entry), flush=True)
        log.append(entry)
    return average, log


def follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for mine, theirs in zip(average.state_dict().values(), model.state_dict().values()):
            mine.lerp_(theirs, 1 - decay) if mine.is_floating_point() else mine.copy_(theirs)


def metadata(source: str, mean: float, std: float, made_by: str) -> dict[str, str]:
    """What the shapes do not tell, under the keys @mobileone/checkpoint reads, and how the file was made."""
    network = {
        "name": CONFIG["name"],
        "size": CONFIG["input"]["size"],
        "strides": {"stem": CONFIG["stem"]["stride"], "stages": [stage["stride"] for stage in CONFIG["stages"]]},
    }
    card = {
        "description": "A small MobileOne for the ten kinds of clothes of Fashion-MNIST",
        "licence": "MIT",
        "source": source,
        "preprocess": {"size": [28, 28], "resize": 28, "interpolation": "bilinear", "mean": [mean], "std": [std]},
        "labels": LABELS,
    }
    return {
        "format": "pt",
        "mobileone.network": json.dumps(network),
        "mobileone.card": json.dumps(card),
        "made_by": made_by,
        "torch": torch.__version__,
    }


def write_images(images: Tensor, labels: Tensor, folder: Path) -> list[int]:
    """One PNG per class, the first test image of each; returns their indices in class order."""
    folder.mkdir(parents=True, exist_ok=True)
    indices = [int((labels == index).nonzero()[0]) for index in range(len(LABELS))]
    for label, index in zip(LABELS, indices):
        Image.fromarray(images[index].numpy()).save(folder / image_name(index, label), optimize=True)
    return indices


def image_name(index: int, label: str) -> str:
    return f"{index}-{label.lower().replace('/', '-').replace(' ', '-')}.png"


def shortest(values: Tensor) -> list[float]:
    """Float32 values with the fewest digits that read back as the same float32."""
    return [float(str(v)) for v in values.numpy().astype(np.float32)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--out", type=Path, default=ASSETS)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)

    images, labels = load(args.data, "train")
    labels = labels.long()
    pixels = images.double() / 255
    mean, std = round(pixels.mean().item(), 4), round(pixels.std(unbiased=False).item(), 4)
    model, log = train(images, labels, mean, std, args.epochs, args.seed)

    args.out.mkdir(parents=True, exist_ok=True)
    source = "Fashion-MNIST, 55,000 of the 60,000 training images (MIT, Zalando SE)"
    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in model.state_dict().items()
    }
    save_file(
        state,
        args.out / WEIGHTS,
        metadata=metadata(source, mean, std, f"tooling/demo-model/train.py --epochs {args.epochs} --seed {args.seed}"),
    )

    written = MobileOne(CONFIG)
    written.load_state_dict(load_file(args.out / WEIGHTS))
    test, test_labels = load(args.data, "t10k")
    test_labels = test_labels.long()
    logits = evaluate(written, normalise(test, mean, std), test_labels)
    chosen = write_images(test, test_labels, args.out / "images")
    with torch.inference_mode():
        reference = written(normalise(test[chosen], mean, std))
    report = {
        "config": CONFIG,
        "weights": WEIGHTS,
        "labels": LABELS,
        "preprocessing": {"size": [28, 28], "channels": 1, "scale": "pixel / 255", "mean": [mean], "std": [std]},
        "source": source,
        "test": {
            "images": len(test),
            "top1": percent_correct(logits, test_labels),
            "top1PerClass": {
                label: percent_correct(logits[test_labels == index], test_labels[test_labels == index])
                for index, label in enumerate(LABELS)
            },
        },
        "training": {
            "script": "tooling/demo-model/train.py",
            "torch": torch.__version__,
            "seed": args.seed,
            "epochs": args.epochs,
            **SETTINGS,
            "log": log,
        },
        "reference": [
            {
                "image": f"images/{image_name(index, LABELS[label])}",
                "testIndex": index,
                "class": label,
                "predicted": int(row.argmax()),
                "logits": shortest(row),
            }
            for label, (index, row) in enumerate(zip(chosen, reference))
        ],
    }
    (args.out / "fashion-mnist.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"test top-1 {report['test']['top1']} %, {(args.out / WEIGHTS).stat().st_size} bytes")


if __name__ == "__main__":
    main()
