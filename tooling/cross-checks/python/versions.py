import platform
from importlib.metadata import version

PACKAGES = ("torch", "timm", "torchvision", "fvcore", "onnxruntime", "pillow", "numpy", "tritonclient")


def list_versions(_, __):
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}, []
