"""Pictures of a folder, augmented or as they are evaluated, and the batches of an epoch."""
import math
import os
import random
import sys
from pathlib import Path

import torch
from PIL import Image, ImageEnhance, ImageOps
from torch.utils.data import Dataset

from schedules import phase_of

EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


def center_crop(image, height, width, shorter, resample):
    """The shorter side to "shorter" pixels, then the centre, as torchvision's Resize and CenterCrop."""
    w, h = image.size
    w, h = (shorter, int(shorter * h / w)) if w <= h else (int(shorter * w / h), shorter)
    image = image.resize((w, h), resample)
    left, top = int(round((w - width) / 2.0)), int(round((h - height) / 2.0))
    return image.crop((left, top, left + width, top + height))


def random_window(width, height, scale, ratio, rng):
    """torchvision's RandomResizedCrop.get_params: left, top, width, height."""
    for _ in range(10):
        area = width * height * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = int(round(math.sqrt(area * aspect))), int(round(math.sqrt(area / aspect)))
        if 0 < w <= width and 0 < h <= height:
            return rng.randint(0, width - w), rng.randint(0, height - h), w, h
    own = width / height
    w = min(width, max(1, int(round(height * ratio[1])))) if own > ratio[1] else width
    h = min(height, max(1, int(round(width / ratio[0])))) if own < ratio[0] else height
    return (width - w) // 2, (height - h) // 2, w, h


def transform(image, matrix, fill):
    return image.transform(image.size, Image.AFFINE, matrix, Image.NEAREST, fillcolor=fill)


def apply(image, operation, level, sign, fill):
    """One operation of AutoAugment at level 0 (nothing changes) to 1."""
    width, height = image.size
    if operation == "shearX":
        return transform(image, (1, sign * level * 0.3, 0, 0, 1, 0), fill)
    if operation == "shearY":
        return transform(image, (1, 0, 0, sign * level * 0.3, 1, 0), fill)
    if operation == "translateX":
        return transform(image, (1, 0, sign * int(level * 150 / 331 * width), 0, 1, 0), fill)
    if operation == "translateY":
        return transform(image, (1, 0, 0, 0, 1, sign * int(level * 150 / 331 * height)), fill)
    if operation == "rotate":
        return image.rotate(sign * level * 30, Image.NEAREST, fillcolor=fill)
    if operation == "brightness":
        return ImageEnhance.Brightness(image).enhance(1 + sign * level * 0.9)
    if operation == "color":
        return ImageEnhance.Color(image).enhance(1 + sign * level * 0.9)
    if operation == "contrast":
        return ImageEnhance.Contrast(image).enhance(1 + sign * level * 0.9)
    if operation == "sharpness":
        return ImageEnhance.Sharpness(image).enhance(1 + sign * level * 0.9)
    if operation == "posterize":
        return ImageOps.posterize(image, 8 - int(math.floor(level * 4 + 0.5)))
    if operation == "solarize":
        return ImageOps.solarize(image, 256 * (1 - level))
    if operation == "autoContrast":
        return ImageOps.autocontrast(image)
    if operation == "equalize":
        return ImageOps.equalize(image)
    if operation == "invert":
        return ImageOps.invert(image)
    raise ValueError(f"there is no operation {operation}")


def auto_augment(image, policy, strength, fill, rng):
    """Magnitudes, and the probability of operations without one, are scaled by the strength."""
    for operation, probability, magnitude in policy[rng.randrange(len(policy))]:
        scaled = strength if operation in ("autoContrast", "equalize", "invert") else 1
        if rng.random() < probability * scaled:
            sign = -1 if rng.random() < 0.5 else 1
            image = apply(image, operation, magnitude / 9 * strength, sign, fill)
    return image


def is_hidden(path, folder):
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


class Pictures(Dataset):
    """
    A folder with a folder of pictures per class; names that begin with a dot are left out. An item is asked for by (index,
    epoch); epoch None is evaluation.
    """

    def __init__(self, folder, plan):
        self.plan = plan
        self.classes = sorted(
            entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")
        )
        self.files = [
            (path, label)
            for label, name in enumerate(self.classes)
            for path in sorted(Path(folder, name).rglob("*"))
            if path.suffix.lower() in EXTENSIONS and not is_hidden(path, folder)
        ]
        if len(self.classes) != plan["classes"]:
            sys.exit(f"{folder} has {len(self.classes)} folders, the plan {plan['classes']} classes")

    def __len__(self):
        return len(self.files)

    def __getitem__(self, key):
        index, epoch = key
        path, label = self.files[index]
        with Image.open(path) as opened:
            image = opened.convert("RGB" if self.plan["channels"] == 3 else "L")
        image = self.evaluated(image) if epoch is None else self.augmented(image, index, epoch)
        width, height = image.size
        pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        return pixels.view(height, width, self.plan["channels"]), label

    def evaluated(self, image, size=None):
        rule = self.plan["preprocess"]
        height, width = size or rule["size"]
        shorter = max(1, int(math.floor(rule["resize"] * min(height, width) / min(rule["size"]) + 0.5)))
        return center_crop(image, height, width, shorter, FILTERS[rule["interpolation"]])

    def augmented(self, image, index, epoch):
        recipe, rule = self.plan["recipe"], self.plan["preprocess"]
        rng = random.Random(f"{recipe['seed']}/{epoch}/{index}")
        phase = phase_of(recipe, epoch)
        height, width = phase["size"]
        augmentation = recipe["augmentation"]
        crop = augmentation["crop"]
        if crop["kind"] == "randomResized":
            left, top, w, h = random_window(*image.size, crop["scale"], crop["ratio"], rng)
            box = (left, top, left + w, top + h)
            image = image.crop(box).resize((width, height), FILTERS[rule["interpolation"]])
        else:
            image = self.evaluated(image, (height, width))
            if crop["kind"] == "padded":
                left = rng.randint(0, 2 * crop["pixels"]) - crop["pixels"]
                top = rng.randint(0, 2 * crop["pixels"]) - crop["pixels"]
                image = image.crop((left, top, left + width, top + height))
        if augmentation["flip"] and rng.random() < 0.5:
            image = image.transpose(Image.FLIP_LEFT_RIGHT)
        if augmentation["autoAugment"]:
            mean = [min(255, max(0, int(math.floor(255 * value + 0.5)))) for value in rule["mean"]]
            fill = tuple(mean) if len(mean) == 3 else mean[0]
            image = auto_augment(image, self.plan["autoAugment"], phase["strength"], fill, rng)
        return image


class TrainingBatches:
    """This process's part of each batch of an epoch: the batches are the same whatever the number of processes."""

    def __init__(self, count, recipe, epoch, skip, rank, world):
        self.size = phase_of(recipe, epoch)["batchSize"]
        if self.size % world:
            sys.exit(f"a batch of {self.size} cannot be split over {world} processes")
        self.steps = count // self.size
        if self.steps == 0:
            sys.exit(f"{count} pictures do not fill one batch of {self.size}")
        order = torch.Generator().manual_seed(recipe["seed"] * 1_000_003 + epoch)
        self.order = torch.randperm(count, generator=order)
        self.epoch, self.skip, self.rank, self.part = epoch, skip, rank, self.size // world

    def __len__(self):
        return self.steps - self.skip

    def __iter__(self):
        for step in range(self.skip, self.steps):
            first = step * self.size + self.rank * self.part
            yield [(index, self.epoch) for index in self.order[first : first + self.part].tolist()]
