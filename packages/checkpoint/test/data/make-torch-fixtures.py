"""Writes the torch.save fixtures of this folder from one tiny MobileOne with seeded random weights.

- torch-legacy.pth: the bare state dict, float32, in the format used before PyTorch 1.6 (no zip).
- torch-zip-f16.pth: half precision, under `state_dict` beside an epoch number, named as DataParallel names it; the stem's
  first bn weight and bias are two views of one storage, and the classifier's weight is a transposed, non-contiguous view.
- torch-fixtures.json: every tensor's dtype, shape and the first 16 digits of the SHA-256 of its values as little-endian
  float32 in row-major order (int64 for int64); and the logits, run in float32, of the NCHW input whose values are
  ((37 i) mod 101) / 64 - 0.75 for i = 0, 1, 2, ...

Run with PyTorch 2.2.2. The legacy file names its storages by memory address, so its bytes differ from run to run while
its tensors do not.
"""

import copy
import hashlib
import json
from pathlib import Path

import torch
from torch import Tensor, nn

from mobileone import MobileOne

HERE = Path(__file__).resolve().parent

CONFIG = {
    "name": "mobileone-tiny",
    "input": {"channels": 3, "size": [32, 32]},
    "stem": {"channels": 6, "stride": 2, "branches": 1},
    "stages": [
        {"blocks": 1, "channels": channels, "stride": stride, "branches": 2, "squeezeExcite": 0}
        for channels, stride in [(6, 2), (7, 2), (8, 2), (10, 2)]
    ],
    "classes": 5,
}


def random_model() -> MobileOne:
    torch.manual_seed(7)
    model = MobileOne(CONFIG).eval()
    for bn in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(bn.weight, 0.5, 1.5)
        nn.init.normal_(bn.bias, 0, 0.2)
        nn.init.normal_(bn.running_mean, 0, 0.2)
        nn.init.uniform_(bn.running_var, 0.3, 2)
        bn.num_batches_tracked.fill_(1234)
    return model


def test_input() -> Tensor:
    height, width = CONFIG["input"]["size"]
    i = torch.arange(CONFIG["input"]["channels"] * height * width)
    return ((37 * i) % 101 / 64 - 0.75).view(1, -1, height, width)


def logits(model: MobileOne) -> list[float]:
    with torch.inference_mode():
        return [float(str(v)) for v in model.float()(test_input())[0].numpy()]


def describe(tensor: Tensor) -> dict:
    values = tensor.detach().contiguous()
    if values.is_floating_point():
        values = values.float()
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "sha256": hashlib.sha256(values.numpy().tobytes()).hexdigest()[:16],
    }


def with_views(state: dict) -> dict:
    both = torch.stack([state["module.stage0.rbr_conv.0.bn.weight"], state["module.stage0.rbr_conv.0.bn.bias"]])
    state["module.stage0.rbr_conv.0.bn.weight"], state["module.stage0.rbr_conv.0.bn.bias"] = both[0], both[1]
    state["module.linear.weight"] = state["module.linear.weight"].t().contiguous().t()
    assert not state["module.linear.weight"].is_contiguous()
    return state


def write_json(files: dict) -> None:
    text = f'{{\n  "config": {json.dumps(CONFIG)},\n  "input": {json.dumps([1, 3, *CONFIG["input"]["size"]])}'
    for name, (state, row) in files.items():
        tensors = ",\n".join(f"      {json.dumps(key)}: {json.dumps(describe(value))}" for key, value in state.items())
        text += f',\n  "{name}": {{\n    "tensors": {{\n{tensors}\n    }},\n    "logits": {json.dumps(row)}\n  }}'
    (HERE / "torch-fixtures.json").write_text(text + "\n}\n")


def main() -> None:
    model, half = random_model(), random_model().half()
    legacy = model.state_dict()
    torch.save(legacy, HERE / "torch-legacy.pth", _use_new_zipfile_serialization=False)
    wrapped = with_views(nn.DataParallel(half).state_dict())
    torch.save({"state_dict": wrapped, "epoch": 3}, HERE / "torch-zip-f16.pth")
    write_json(
        {
            "torch-legacy.pth": (legacy, logits(model)),
            "torch-zip-f16.pth": (wrapped, logits(copy.deepcopy(half))),
        }
    )


if __name__ == "__main__":
    main()
