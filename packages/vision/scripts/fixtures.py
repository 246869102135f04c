"""Make the test fixtures of @mobileone/vision with Pillow, the library whose pixels the package reproduces.

    python3 -m pip install pillow==12.0.0
    python3 scripts/fixtures.py                       # test/fixtures/images/*, decode.json, resize.json, framing.json
    python3 scripts/fixtures.py --photographs FOLDER  # test/fixtures/photographs.json, numbers only

Same Pillow, same bytes out. Up to version 12 Pillow resizes rows first, always; version 13 resizes columns first where
that costs less (as from 9x40 to 20x12), which changes some values by 1.
"""

import argparse
import base64
import hashlib
import json
import os
import struct

import PIL
from PIL import Image, ImageCms, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "test", "fixtures")
IMAGES = os.path.join(FIXTURES, "images")
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def lcg(seed):
    """The generator of test/support/pattern.ts: Numerical Recipes' constants, 32 bits."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield state


def pattern(kind, width, height, channels, seed):
    """Bytes of a generated image: `noise`, `binary` (0 or 255, the worst case for overshoot) or `smooth`."""
    out = bytearray()
    source = lcg(seed)
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                if kind == "noise":
                    out.append(next(source) >> 24)
                elif kind == "binary":
                    out.append(255 if next(source) >> 31 else 0)
                else:
                    out.append((x * (7 + c) + y * (5 + 2 * c) + (next(source) >> 29)) & 255)
    return bytes(out)


def image_of(kind, width, height, channels, seed):
    mode = "L" if channels == 1 else "RGB"
    return Image.frombytes(mode, (width, height), pattern(kind, width, height, channels, seed))


def text(data):
    return base64.b64encode(data).decode("ascii")


def write_json(name, value):
    with open(os.path.join(FIXTURES, name), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


RESIZES = [
    # width, height, new width, new height
    (37, 29, 11, 7),
    (29, 37, 13, 31),
    (5, 4, 23, 19),
    (40, 9, 12, 20),
    (9, 40, 20, 12),
    (31, 17, 31, 8),
    (31, 17, 10, 17),
    (16, 16, 16, 16),
    (1, 1, 6, 5),
    (33, 21, 1, 1),
    (1, 50, 3, 4),
    (200, 2, 7, 2),
    (3, 160, 2, 5),
    (64, 48, 32, 24),
    (13, 13, 14, 12),
]
LARGE_RESIZES = [(500, 375, 341, 256), (333, 500, 256, 384), (160, 170, 256, 272), (641, 480, 224, 224)]


def resize_fixtures():
    cases = []
    seed = 0
    for filter_name, filter_value in FILTERS.items():
        for width, height, new_width, new_height in RESIZES:
            for channels, kind in ((3, "noise"), (1, "binary"), (3, "smooth")):
                seed += 1
                made = image_of(kind, width, height, channels, seed)
                result = made.resize((new_width, new_height), filter_value).tobytes()
                cases.append(
                    {
                        "kind": kind, "seed": seed, "channels": channels, "from": [width, height],
                        "to": [new_width, new_height], "filter": filter_name, "pixels": text(result),
                    }
                )
    large = []
    for filter_name, filter_value in FILTERS.items():
        for width, height, new_width, new_height in LARGE_RESIZES:
            for kind in ("noise", "binary"):
                seed += 1
                result = image_of(kind, width, height, 3, seed).resize((new_width, new_height), filter_value).tobytes()
                large.append(
                    {
                        "kind": kind, "seed": seed, "channels": 3, "from": [width, height],
                        "to": [new_width, new_height], "filter": filter_name,
                        "first": list(result[:24]), "sha256": hashlib.sha256(result).hexdigest(),
                    }
                )
    write_json("resize.json", {"pillow": PIL.__version__, "cases": cases, "large": large})


FRAMINGS = [
    # width, height, size of the input (height, width), resize, framing
    (41, 30, (12, 16), 17, {}),
    (41, 30, (12, 16), 17, {"rotate": 90}),
    (41, 30, (12, 16), 17, {"rotate": 180}),
    (41, 30, (12, 16), 17, {"rotate": 270}),
    (41, 30, (12, 16), 17, {"flip": True}),
    (41, 30, (12, 16), 17, {"rotate": 90, "flip": True}),
    (41, 30, (12, 16), 17, {"rotate": 270, "flip": True}),
    (41, 30, (12, 16), 17, {"region": {"x": 5, "y": 2, "width": 30, "height": 25}}),
    (41, 30, (12, 16), 17, {"region": {"x": 4.5, "y": 2.5, "width": 30.2, "height": 24}, "rotate": 90}),
    (41, 30, (12, 16), 17, {"fit": "stretch"}),
    (30, 41, (12, 16), 17, {"fit": "stretch", "region": {"x": 0, "y": 1.7, "width": 29.6, "height": 7.5}}),
    (41, 30, (12, 16), 17, {"fit": "letterbox"}),
    (30, 41, (12, 16), 17, {"fit": "letterbox"}),
    (41, 30, (16, 16), 17, {"fit": "letterbox", "rotate": 270, "flip": True}),
    (7, 5, (24, 25), 17, {"fit": "letterbox", "region": {"x": 1, "y": 0, "width": 5, "height": 5}}),
    (90, 8, (9, 8), 17, {"fit": "letterbox"}),
    (40, 30, (12, 16), 17, {"fit": "letterbox"}),
]
MEAN = (0.485, 0.456, 0.406)
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def framed(image, size, resize, framing, filter_value):
    if "region" in framing:
        region = framing["region"]
        left, top = region["x"], region["y"]
        image = image.crop((left, top, left + region["width"], top + region["height"]))
    if "rotate" in framing:
        image = image.transpose(TURNS[framing["rotate"]])
    if framing.get("flip"):
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    height, width = size
    fit = framing.get("fit", "crop")
    if fit == "stretch":
        return image.resize((width, height), filter_value)
    if fit == "letterbox":
        colour = tuple(round(255 * mean) for mean in MEAN)
        return ImageOps.pad(image, (width, height), filter_value, colour if image.mode == "RGB" else colour[0])
    image = resize_shorter(image, resize, filter_value)
    left, top = int(round((image.width - width) / 2.0)), int(round((image.height - height) / 2.0))
    return image.crop((left, top, left + width, top + height))


def framing_fixtures():
    cases = []
    for seed, (width, height, size, resize, framing) in enumerate(FRAMINGS):
        for filter_name, filter_value in FILTERS.items():
            for channels in (3, 1):
                made = image_of("noise", width, height, channels, seed)
                result = framed(made, size, resize, framing, filter_value)
                assert result.size == (size[1], size[0])
                cases.append(
                    {
                        "seed": seed, "channels": channels, "from": [width, height], "size": size, "resize": resize,
                        "framing": framing, "filter": filter_name, "pixels": text(result.tobytes()),
                    }
                )
    write_json("framing.json", {"pillow": PIL.__version__, "cases": cases})


def swapped_profile():
    """An sRGB profile whose red and blue primaries are exchanged: applying it changes every coloured pixel."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    places = {}
    for index in range(count):
        at = 132 + 12 * index
        places[bytes(profile[at : at + 4])] = struct.unpack(">I", profile[at + 4 : at + 8])[0]
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    profile[red : red + 20], profile[blue : blue + 20] = profile[blue : blue + 20], profile[red : red + 20]
    return bytes(profile)


def orientation_exif(value):
    exif = Image.Exif()
    exif[274] = value
    return exif.tobytes()


def decode_fixtures():
    os.makedirs(IMAGES, exist_ok=True)
    smooth = image_of("smooth", 24, 17, 3, 7)
    noise = image_of("noise", 24, 17, 3, 8)
    grey = image_of("smooth", 24, 17, 1, 9)
    alpha = image_of("noise", 24, 17, 1, 10)
    rgba = smooth.copy()
    rgba.putalpha(alpha)
    grey_alpha = Image.merge("LA", (grey, alpha))
    palette = noise.quantize(64)
    deep = Image.frombytes("I;16", (24, 17), pattern("noise", 24, 17, 2, 11))
    cmyk = Image.frombytes("CMYK", (24, 17), pattern("smooth", 24, 17, 4, 12))

    made = {
        "rgb.png": (smooth, {}),
        "grey.png": (grey, {}),
        "grey-alpha.png": (grey_alpha, {}),
        "rgba.png": (rgba, {}),
        "palette.png": (palette, {}),
        "palette-transparent.png": (palette, {"transparency": 3}),
        "grey-transparent.png": (grey, {"transparency": 100}),
        "bits.png": (alpha.convert("1"), {}),
        "rgb.jpg": (smooth, {"quality": 90, "subsampling": 0}),
        "chroma-420.jpg": (noise, {"quality": 85, "subsampling": 2}),
        "chroma-422.jpg": (noise, {"quality": 85, "subsampling": 1}),
        "progressive.jpg": (smooth, {"quality": 90, "progressive": True}),
        "grey.jpg": (grey, {"quality": 90}),
        "cmyk.jpg": (cmyk, {"quality": 90}),
        "profile.jpg": (smooth, {"quality": 90, "icc_profile": swapped_profile()}),
        "profile.png": (smooth, {"icc_profile": swapped_profile()}),
        "rgb.webp": (smooth, {"lossless": True}),
        "rgb.gif": (palette, {}),
        "rgb.tif": (smooth, {}),
    }
    for value in range(1, 9):
        made[f"orientation-{value}.jpg"] = (smooth, {"quality": 90, "subsampling": 0, "exif": orientation_exif(value)})

    expected = {}
    for name, (image, options) in made.items():
        path = os.path.join(IMAGES, name)
        image.save(path, **options)
        opened = Image.open(path)
        entry = {"size": list(opened.size), "pixels": text(opened.convert("RGB").tobytes())}
        if name.startswith("orientation-"):
            upright = ImageOps.exif_transpose(opened).convert("RGB")
            entry["upright"] = {"size": list(upright.size), "pixels": text(upright.tobytes())}
        expected[name] = entry

    # Pillow cannot write 16-bit RGB, and clips 16-bit grey at 255 instead of scaling it: what is expected of these is v >> 8.
    path = os.path.join(IMAGES, "grey-16.png")
    deep.save(path)
    high = bytes(value for value in deep.tobytes()[1::2] for _ in range(3))
    expected["grey-16.png"] = {"size": [24, 17], "pixels": text(high)}
    words = pattern("noise", 24, 17, 6, 13)
    path = os.path.join(IMAGES, "rgb-16.png")
    with open(path, "wb") as file:
        file.write(png(24, 17, 16, 2, words))
    opened = Image.open(path)
    expected["rgb-16.png"] = {"size": [24, 17], "pixels": text(opened.convert("RGB").tobytes())}
    assert opened.convert("RGB").tobytes() == words[0::2]
    write_json("decode.json", {"pillow": PIL.__version__, "images": expected})


def png(width, height, depth, colour, data):
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    stride = len(data) // height
    rows = b"".join(b"\0" + data[y * stride : (y + 1) * stride] for y in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def resize_shorter(image, size, filter_value):
    """torchvision's Resize(size): the longer side is truncated, not rounded."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    if short == size:
        return image
    new_long = int(size * long / short)
    return image.resize((size, new_long) if width <= height else (new_long, size), filter_value)


def centre_crop(image, size):
    """torchvision's CenterCrop(size) for images no smaller than the crop; Python rounds halves to even."""
    width, height = image.size
    top, left = int(round((height - size) / 2.0)), int(round((width - size) / 2.0))
    return image.crop((left, top, left + size, top + size))


SAMPLES = 40


def sample(image, seed):
    """RGB at SAMPLES scattered places, x and y from one generator in that order."""
    source = lcg(seed)
    out = bytearray()
    for _ in range(SAMPLES):
        x = ((next(source) >> 8) * image.width) >> 24
        y = ((next(source) >> 8) * image.height) >> 24
        out.extend(image.getpixel((x, y)))
    return text(bytes(out))


def photograph_fixtures(folder):
    photographs = {}
    for index, name in enumerate(sorted(n for n in os.listdir(folder) if n.endswith(".JPEG"))):
        opened = Image.open(os.path.join(folder, name))
        rgb = opened.convert("RGB")
        entry = {"size": list(rgb.size), "icc": "icc_profile" in opened.info, "decoded": sample(rgb, index)}
        entry["decodedSha256"] = hashlib.sha256(rgb.tobytes()).hexdigest()
        for filter_name, filter_value in FILTERS.items():
            crop = centre_crop(resize_shorter(rgb, 256, filter_value), 224)
            entry[filter_name] = sample(crop, index)
            entry[filter_name + "Sha256"] = hashlib.sha256(crop.tobytes()).hexdigest()
        photographs[name] = entry
    write_json("photographs.json", {"pillow": PIL.__version__, "samples": SAMPLES, "photographs": photographs})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.photographs:
        photograph_fixtures(arguments.photographs)
    else:
        resize_fixtures()
        framing_fixtures()
        decode_fixtures()
