"""Pictures as the network sees them, by the rule in plan.json: the pixels that MobileOne's own preprocessing makes, before normalisation, which the
network does itself. Needs Pillow before 13, which resizes rows first."""
import io
import math

import numpy
from PIL import Image, ImageOps

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def decode(data, channels):
    """The upright picture in the bytes of a file: RGB or, of one channel, grey. Alpha is dropped, 16 bits are divided by 256."""
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I;16"):
            image = Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8))
        return image.convert("RGB").convert("L") if channels == 1 else image.convert("RGB")


def crop(image, rule):
    """The shorter side to rule["resize"] pixels, then the centre: torchvision's Resize and CenterCrop."""
    height, width = rule["size"]
    shorter = rule["resize"]
    w, h = image.size
    w, h = (shorter, int(shorter * h / w)) if w <= h else (int(shorter * w / h), shorter)
    if (w, h) != image.size:
        image = image.resize((w, h), FILTERS[rule["interpolation"]])
    left, top = int(round((w - width) / 2.0)), int(round((h - height) / 2.0))
    return image.crop((left, top, left + width, top + height))


def prepare(data, rule):
    """uint8 [height, width, channels] of the bytes of a picture file."""
    channels = len(rule["mean"])
    pixels = numpy.asarray(crop(decode(data, channels), rule), dtype=numpy.uint8)
    return pixels.reshape(*pixels.shape[:2], channels)


