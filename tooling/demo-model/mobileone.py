"""MobileOne in train form (arXiv 2206.04040), with the parameter names of Apple's checkpoints.

The configuration is the `MobileOneConfig` of packages/core/src/mobileone/config.ts as a dict; squeeze-and-excite is not
built. Folding a trained model is the TypeScript side's work: this module only trains and evaluates.
"""

import torch
import torch.nn.functional as F
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
        if self.training:
            return train_forward(self, x)
        return self.branch_forward(x)

    def branch_forward(self, x: Tensor) -> Tensor:
        """The definition: every branch run and summed, whatever the mode."""
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


def train_forward(block: Block, x: Tensor) -> Tensor:
    """A block's training-mode output, batch statistics and their gradients included, from one convolution.

    A branch is linear before its batch norm, so with this batch's mean and variance of each branch in hand the block is
    a single convolution of summed kernels. For dense kernels those statistics follow from the mean and covariance of
    the input patches (mean W m, variance diag(W C W')); a depthwise 3x3 branch is run for its own. On one CPU core this
    is several times faster than `branch_forward`, to which `check.py` compares it.
    """
    k = block.kernel
    convs = [(branch.conv.weight, branch.bn) for branch in block.rbr_conv]
    if block.rbr_scale is not None:
        convs.append((F.pad(block.rbr_scale.conv.weight, [k // 2] * 4), block.rbr_scale.bn))
    if block.rbr_skip is not None:
        identity = torch.zeros_like(convs[0][0])
        channels = torch.arange(identity.shape[0])
        identity[channels, channels % identity.shape[1], k // 2, k // 2] = 1
        convs.append((identity, block.rbr_skip))
    dense = block.groups == 1
    if dense:
        n, _, height, width = x.shape
        patches = rows(x) if k == 1 else F.unfold(x, k, 1, k // 2, block.stride).transpose(1, 2).flatten(0, 1)
        count = len(patches)
        centre = patches.mean(0)
        covariance = Gram.apply(patches) / count - torch.outer(centre, centre)
    else:
        sampled = x if block.stride == 1 else x[:, :, :: block.stride, :: block.stride]
        centre, variance, count = moments(sampled)
    kernel, bias = 0, 0
    for index, (weight, bn) in enumerate(convs):
        if dense:
            flat = weight.flatten(1)
            mean, var = flat @ centre, ((flat @ covariance) * flat).sum(1)
        elif index < len(block.rbr_conv):
            mean, var, _ = moments(Depthwise.apply(x, weight, block.stride))
        else:
            tap = weight[:, 0, k // 2, k // 2]
            mean, var = tap * centre, tap * tap * variance
        var = var.clamp_min(0)
        with torch.no_grad():
            bn.running_mean.lerp_(mean, bn.momentum)
            bn.running_var.lerp_(var * (count / (count - 1)), bn.momentum)
            bn.num_batches_tracked += 1
        gain = bn.weight * (var + bn.eps).rsqrt()
        kernel = kernel + weight * gain.view(-1, 1, 1, 1)
        bias = bias + bn.bias - mean * gain
    if not dense:
        return (Depthwise.apply(x, kernel, block.stride) + bias.view(1, -1, 1, 1)).relu()
    y = torch.addmm(bias, patches, kernel.flatten(1).t()).relu()
    out = [(size - 1) // block.stride + 1 for size in (height, width)]
    return y.view(n, *out, -1).permute(0, 3, 1, 2)


def rows(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def moments(x: Tensor) -> tuple[Tensor, Tensor, int]:
    flat = rows(x)
    mean, square = Moments.apply(flat)
    return mean, square - mean * mean, len(flat)


class Moments(torch.autograd.Function):
    """Mean and mean square of each column."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.mean(0), (x * x).mean(0)

    @staticmethod
    def backward(ctx, mean_grad, square_grad):
        (x,) = ctx.saved_tensors
        return torch.addcmul(mean_grad / len(x), x, square_grad * (2 / len(x)))


class Gram(torch.autograd.Function):
    """x' x."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.t() @ x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return x @ (grad + grad.t()) if ctx.needs_input_grad[0] else None


class Depthwise(torch.autograd.Function):
    """Odd-sized depthwise convolution, channels last.

    The input gradient is itself run as a depthwise convolution: oneDNN's own backward pass for this layout is some
    hundred times slower on the CPU.
    """

    @staticmethod
    def forward(ctx, x, weight, stride):
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, len(weight))

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        stride, pad, channels = ctx.stride, weight.shape[-1] // 2, len(weight)
        grad = grad.contiguous(memory_format=torch.channels_last)
        weight_grad = torch.ops.aten.convolution_backward(
            grad, x, weight, None, [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], channels, [False, True, False]
        )[1]
        if stride > 1:
            spread = torch.zeros_like(x)
            spread[:, :, ::stride, ::stride] = grad
            grad = spread
        return F.conv2d(grad, weight.flip(2, 3), None, 1, pad, 1, channels), weight_grad, None
