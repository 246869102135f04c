"""Training steps of PyTorch: its gradients, its cross-entropy, its SGD, on timm's blocks."""
import math
import sys
from pathlib import Path

import numpy
import safetensors.torch
import torch
import torch.nn.functional as F
from timm.models.byobnet import ByobNet, ByoModelCfg, _mobileone_bcfg

sys.path.insert(0, str(Path(__file__).parents[3] / "packages" / "train" / "python"))
from schedules import average_decay, learning_rate_at, weight_decay_at  # noqa: E402
from train_mobileone import Average, parameter_groups  # noqa: E402


def build(network, classes):
    """timm's MobileOne with other depths and widths."""
    widths = network["widths"]
    blocks = _mobileone_bcfg(d=network["blocks"], wf=widths, num_conv_branches=network["branches"])
    return ByobNet(ByoModelCfg(blocks=blocks, stem_type="one", stem_chs=int(64 * widths[0])), num_classes=classes)


def tensors_of(model):
    return safetensors.torch.save({name: value.to(torch.float32).contiguous() for name, value in model.state_dict().items()})


@torch.enable_grad()
def train(args, blobs):
    """Follow the recipe from the weights of blobs[0] over the batches that follow it, NHWC and int32 labels; losses, gradient norms, last and averaged weights."""
    recipe, count, size = args["recipe"], args["batchSize"], args["size"]
    dtype = getattr(torch, args["dtype"])
    model = build(args["network"], args["classes"])
    model.load_state_dict(safetensors.torch.load(blobs[0]), strict=True)
    model = model.to(dtype).train()
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = recipe["batchNormMomentum"]
    average = Average(model)
    groups = parameter_groups(model, recipe["weightDecay"]["exempt"])
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=recipe["optimizer"]["momentum"], nesterov=recipe["optimizer"]["nesterov"])
    losses, norms = [], []
    for step in range((len(blobs) - 1) // 2):
        images = numpy.frombuffer(blobs[1 + 2 * step], numpy.float32).reshape(count, size, size, 3)
        labels = torch.from_numpy(numpy.frombuffer(blobs[2 + 2 * step], numpy.int32).astype(numpy.int64))
        epochs = step / args["stepsPerEpoch"]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(recipe, epochs)
            group["weight_decay"] = weight_decay_at(recipe, epochs) if group["decays"] else 0
        optimizer.zero_grad(set_to_none=True)
        logits = model(torch.from_numpy(images.copy()).permute(0, 3, 1, 2).to(dtype).contiguous())
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe["labelSmoothing"])
        loss.backward()
        limit = recipe["gradientClip"] or math.inf
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), limit)))
        optimizer.step()
        average.update(average_decay(recipe["ema"], step))
        losses.append(float(loss))
    return {"losses": losses, "norms": norms}, [tensors_of(model), tensors_of(average.model)]
