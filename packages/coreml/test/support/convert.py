"""Convert a folded MobileOne in Apple's naming, a PyTorch module made here, to Core ML with coremltools.

    python convert.py weights.pth.tar height width out.mlpackage

The package has the float32 input `image`, and the float32 output `logits`.
"""

import sys

import coremltools as ct
import torch
from torch import nn
from torch.nn import functional

weights, height, width, out = sys.argv[1:]
state = torch.load(weights, map_location="cpu")


def conv(name, stride=1):
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    outputs, inputs, size, _ = weight.shape
    groups = outputs if inputs == 1 and size == 3 else 1
    made = nn.Conv2d(inputs * groups, outputs, size, stride, size // 2, groups=groups)
    made.load_state_dict({"weight": weight, "bias": bias})
    return made


class Block(nn.Module):
    def __init__(self, name, stride):
        super().__init__()
        self.conv = conv(f"{name}.reparam_conv", stride)
        self.gated = f"{name}.se.reduce.weight" in state
        if self.gated:
            self.reduce, self.expand = conv(f"{name}.se.reduce"), conv(f"{name}.se.expand")

    def forward(self, x):
        x = self.conv(x)
        if self.gated:
            pooled = functional.avg_pool2d(x, kernel_size=[int(size) for size in x.shape[2:]])
            x = x * torch.sigmoid(self.expand(functional.relu(self.reduce(pooled))))
        return functional.relu(x)


class MobileOne(nn.Module):
    def __init__(self):
        super().__init__()
        blocks = [Block("stage0", 2)]
        for stage in range(1, 5):
            index = 0
            while f"stage{stage}.{index}.reparam_conv.weight" in state:
                blocks.append(Block(f"stage{stage}.{index}", 2 if index == 0 else 1))
                index += 1
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(*reversed(state["linear.weight"].shape))
        self.linear.load_state_dict({"weight": state["linear.weight"], "bias": state["linear.bias"]})

    def forward(self, image):
        x = functional.adaptive_avg_pool2d(self.blocks(image), 1)
        return self.linear(x.view(x.size(0), -1))


shape = (1, 3, int(height), int(width))
traced = torch.jit.trace(MobileOne().eval(), torch.zeros(shape))
model = ct.convert(
    traced,
    inputs=[ct.TensorType(name="image", shape=shape)],
    outputs=[ct.TensorType(name="logits")],
    compute_precision=ct.precision.FLOAT32,
    minimum_deployment_target=ct.target.iOS15,
    skip_model_load=True,
)
model.save(out)
