"""MobileOne in train form (arXiv 2206.04040), with the parameter names of Apple's checkpoints.

The configuration is the `MobileOneConfig` of packages/core/src/mobileone/config.ts as a dict; squeeze-and-excite is not
built.
"""

import torch
from torch import Tensor, nn


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> nn.Sequential:
    block = nn.Sequential()
    block.add_module(
        "conv", nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    )
    block.add_module("bn", nn.BatchNorm2d(outputs))
    return block


class Block(nn.Module):
    """relu(sum of k conv + bn, a 1x1 conv + bn where the kernel is larger, a bn where the shape is kept)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, branches: int):
        super().__init__()
        self.kernel, self.stride, self.groups = kernel, stride, groups
        self.rbr_skip = nn.BatchNorm2d(outputs) if inputs == outputs and stride == 1 else None
        self.rbr_scale = conv_bn(inputs, outputs, 1, stride, groups) if kernel > 1 else None
        self.rbr_conv = nn.ModuleList(
            conv_bn(inputs, outputs, kernel, stride, groups) for _ in range(branches)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.rbr_conv[0](x)
        for branch in (*self.rbr_conv[1:], self.rbr_scale, self.rbr_skip):
            if branch is not None:
                y = y + branch(x)
        return y.relu()


class MobileOne(nn.Module):
    """Image [n, channels, height, width] to logits [n, classes]."""

    def __init__(self, config: dict):
        super().__init__()
        stem, stages = config["stem"], config["stages"]
        self.stage0 = Block(
            config["input"]["channels"], stem["channels"], 3, stem["stride"], 1, stem["branches"]
        )
        channels = stem["channels"]
        for index, stage in enumerate(stages, 1):
            blocks = []
            for pair in range(stage["blocks"]):
                stride = stage["stride"] if pair == 0 else 1
                blocks.append(Block(channels, channels, 3, stride, channels, stage["branches"]))
                blocks.append(Block(channels, stage["channels"], 1, 1, 1, stage["branches"]))
                channels = stage["channels"]
            self.add_module(f"stage{index}", nn.Sequential(*blocks))
        self.depth = len(stages) + 1
        self.linear = nn.Linear(channels, config["classes"])

    def forward(self, x: Tensor) -> Tensor:
        for index in range(self.depth):
            x = self.get_submodule(f"stage{index}")(x)
        return self.linear(x.mean((2, 3)))
