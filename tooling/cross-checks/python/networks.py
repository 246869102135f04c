"""MobileOne in timm and in Apple's mobileone.py, with weights of ours and with their own."""
import importlib.util
import io
from functools import cache

import numpy
import onnxruntime
import safetensors.torch
import timm
import torch
from timm.utils.model import reparameterize_model as fold_timm

torch.set_grad_enabled(False)


@cache
def apple(path):
    spec = importlib.util.spec_from_file_location("apple_mobileone", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(source, variant):
    """The network in train form and the function that folds it; `source` is "timm" or the path of mobileone.py."""
    if source == "timm":
        return timm.create_model(f"mobileone_{variant}").eval(), fold_timm
    return apple(source).mobileone(variant=variant).eval(), apple(source).reparameterize_model


def image_of(blob, size):
    return torch.from_numpy(numpy.frombuffer(blob, numpy.float32).reshape(1, 3, size, size).copy())


def raw(values):
    return values.contiguous().numpy().tobytes()


def read_ours(args, blobs):
    """Load our two files strictly: logits of the train form, of it folded over there, of our deploy form; how far the folds' weights are apart."""
    train, deploy = (safetensors.torch.load(blob) for blob in blobs[:2])
    image = image_of(blobs[2], args["size"])
    model, fold = build(args["source"], args["variant"])
    model.load_state_dict(train, strict=True)
    logits = model(image)
    folded = fold(model).eval()
    theirs = {name: value for name, value in folded.state_dict().items()}
    apart = max(float((theirs[name] - value).abs().max() / value.abs().max()) for name, value in deploy.items())
    logits_folded = folded(image)
    folded.load_state_dict(deploy, strict=True)
    return {"weightsApart": apart}, [raw(logits), raw(logits_folded), raw(folded(image))]


def write_theirs(args, blobs):
    """Random weights of theirs: state_dict of both forms as torch.save writes them, and the logits of both."""
    torch.manual_seed(args["seed"])
    image = image_of(blobs[0], args["size"])
    model, fold = build(args["source"], args["variant"])
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.weight.normal_(1, 0.3)
            module.bias.normal_(0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    made = []
    for network in (model, fold(model).eval()):
        file = io.BytesIO()
        torch.save(network.state_dict(), file)
        made += [file.getvalue(), raw(network(image))]
    return {}, made


def run_onnx(args, blobs):
    session = onnxruntime.InferenceSession(blobs[0], providers=["CPUExecutionProvider"])
    image = numpy.frombuffer(blobs[1], numpy.float32).reshape(1, 3, args["size"], args["size"])
    (logits,) = session.run(None, {session.get_inputs()[0].name: image})
    return {}, [logits.astype(numpy.float32).tobytes()]
