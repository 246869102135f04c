"""Times training steps of the small network in PyTorch on one thread: time_step.py <width> <branches> <batch>.

For every line on standard input it takes a step in either layout and prints a line of JSON: [{ name, wall, cpu }], in milliseconds.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def conv_bn(inputs, outputs, kernel, stride, groups):
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Block(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride, groups, branches):
        super().__init__()
        self.branches = nn.ModuleList(conv_bn(inputs, outputs, kernel, stride, groups) for _ in range(branches))
        if kernel > 1:
            self.branches.append(conv_bn(inputs, outputs, 1, stride, groups))
        if inputs == outputs and stride == 1:
            self.branches.append(nn.BatchNorm2d(outputs))

    def forward(self, x):
        return sum(branch(x) for branch in self.branches).relu()


def network(width, branches):
    channels = lambda count: max(8, 8 * round(count * width / 8))
    blocks = [Block(1, channels(24), 3, 1, 1, branches)]
    inputs = channels(24)
    for count, outputs, stride in [(1, 48, 2), (2, 72, 1), (4, 128, 2), (1, 256, 1)]:
        for pair in range(count):
            blocks.append(Block(inputs, inputs, 3, stride if pair == 0 else 1, inputs, branches))
            blocks.append(Block(inputs, channels(outputs), 1, 1, 1, branches))
            inputs = channels(outputs)
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def main():
    width, branches, batch = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    lanes = []
    for name, layout in [("", torch.contiguous_format), (", channels last", torch.channels_last)]:
        model = network(width, branches).to(memory_format=layout)
        x = torch.randn(batch, 1, 28, 28).contiguous(memory_format=layout)
        lanes.append((f"PyTorch {torch.__version__}{name}", model, x, torch.randint(10, (batch,))))
    for _ in sys.stdin:
        results = []
        for name, model, x, labels in lanes:
            wall, cpu = time.perf_counter(), time.process_time()
            model.zero_grad(set_to_none=True)
            F.cross_entropy(model(x), labels, label_smoothing=0.1).backward()
            results.append({"name": name, "wall": 1000 * (time.perf_counter() - wall), "cpu": 1000 * (time.process_time() - cpu)})
        print(json.dumps(results), flush=True)


main()
