"""Make test/fixtures/augmentation.json with Pillow, the library whose pixels the augmentation of @mobileone/train reproduces.

    python3 -m pip install pillow==13.0.0
    python3 scripts/augmentation_fixtures.py && npx biome check --write test/fixtures

The operations are those torchvision's AutoAugment calls on a Pillow image (torchvision/transforms/functional.py,
_functional_pil.py), with the matrices of the AutoAugment paper for shears and translations.
"""

import base64
import json
import os

import PIL
from PIL import Image, ImageEnhance, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "test", "fixtures", "augmentation.json")
FILL = {"L": 77, "RGB": (124, 116, 104)}


def lcg(seed):
    """Numerical Recipes' constants, 32 bits."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield state


def picture(kind, mode, width, height, seed):
    source = lcg(seed)
    out = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(len(mode)):
                if kind == "noise":
                    out.append(next(source) >> 24)
                elif kind == "dim":
                    out.append(40 + 10 * c + ((x * 5 + y * 3 + (next(source) >> 28)) % 90))
                else:
                    out.append(93)
    return Image.frombytes(mode, (width, height), bytes(out))


def affine(image, matrix):
    return image.transform(image.size, Image.AFFINE, matrix, resample=Image.NEAREST, fillcolor=FILL[image.mode])


OPERATIONS = {
    "shearX": lambda im, v: affine(im, (1, v, 0, 0, 1, 0)),
    "shearY": lambda im, v: affine(im, (1, 0, 0, v, 1, 0)),
    "translateX": lambda im, v: affine(im, (1, 0, v, 0, 1, 0)),
    "translateY": lambda im, v: affine(im, (1, 0, 0, 0, 1, v)),
    "rotate": lambda im, v: im.rotate(v, resample=Image.NEAREST, fillcolor=FILL[im.mode]),
    "brightness": lambda im, v: ImageEnhance.Brightness(im).enhance(v),
    "color": lambda im, v: ImageEnhance.Color(im).enhance(v),
    "contrast": lambda im, v: ImageEnhance.Contrast(im).enhance(v),
    "sharpness": lambda im, v: ImageEnhance.Sharpness(im).enhance(v),
    "posterize": lambda im, v: ImageOps.posterize(im, v),
    "solarize": lambda im, v: ImageOps.solarize(im, v),
    "autoContrast": lambda im, v: ImageOps.autocontrast(im),
    "equalize": lambda im, v: ImageOps.equalize(im),
    "invert": lambda im, v: ImageOps.invert(im),
}
VALUES = {
    "shearX": [0.3, -0.1667],
    "shearY": [0.2, -0.3],
    "translateX": [5, -3],
    "translateY": [4, -7],
    "rotate": [30, -26.6667, 3.5, -0.4],
    "brightness": [0.1, 0.6, 1.4, 1.9],
    "color": [0.1, 0.7, 1.3, 1.9],
    "contrast": [0.1, 0.6, 1.4, 1.9],
    "sharpness": [0.1, 0.5, 1.7, 1.9],
    "posterize": [4, 5, 6, 8],
    "solarize": [0, 113, 256],
    "autoContrast": [0],
    "equalize": [0],
    "invert": [0],
}


def encode(image):
    return base64.b64encode(image.tobytes()).decode("ascii")


cases = []
for seed, (kind, mode, width, height) in enumerate(
    [
        ("noise", "L", 13, 11),
        ("dim", "L", 28, 28),
        ("flat", "L", 5, 4),
        ("noise", "RGB", 11, 14),
        ("dim", "RGB", 24, 17),
    ]
):
    image = picture(kind, mode, width, height, seed)
    cases.append(
        {
            "name": f"{kind} {mode} {width}x{height}",
            "width": width,
            "height": height,
            "channels": len(mode),
            "pixels": encode(image),
            "fill": [FILL["L"]] if mode == "L" else list(FILL["RGB"]),
            "results": [
                [operation, value, encode(OPERATIONS[operation](image, value))]
                for operation, values in VALUES.items()
                for value in values
            ],
        }
    )

with open(OUT, "w", encoding="utf8") as file:
    json.dump({"pillow": PIL.__version__, "cases": cases}, file, indent=1)
    file.write("\n")
