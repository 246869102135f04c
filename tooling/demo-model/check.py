"""Compares `train_forward` with the branches run one by one, in float64: outputs, gradients and running statistics."""

import copy

import torch

from mobileone import Block


def compare(inputs: int, outputs: int, kernel: int, stride: int, groups: int, branches: int) -> float:
    block = Block(inputs, outputs, kernel, stride, groups, branches).double().train()
    for bn in (m for m in block.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(bn.weight, 0.5, 1.5)
        torch.nn.init.normal_(bn.bias)
    twin = copy.deepcopy(block)
    x = torch.randn(8, inputs, 9, 10, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    xs = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    ys = [block(xs[0]), twin.branch_forward(xs[1])]
    probe = torch.randn_like(ys[1])
    for y in ys:
        (y * probe).sum().backward()
    pairs = [ys, [v.grad for v in xs]]
    pairs += [[a.grad, b.grad] for a, b in zip(block.parameters(), twin.parameters())]
    pairs += [[a.double(), b.double()] for a, b in zip(block.buffers(), twin.buffers())]
    return max((a - b).abs().max().item() for a, b in pairs)


if __name__ == "__main__":
    torch.manual_seed(0)
    for case in [
        (1, 6, 3, 1, 1, 2),
        (3, 6, 3, 2, 1, 1),
        (5, 5, 3, 1, 5, 2),
        (6, 6, 3, 2, 6, 3),
        (5, 7, 1, 1, 1, 2),
        (6, 6, 1, 1, 1, 4),
    ]:
        difference = compare(*case)
        print("inputs %d outputs %d kernel %d stride %d groups %d branches %d:" % case, f"{difference:.1e}")
        assert difference < 1e-9, "train_forward differs from the branches"
