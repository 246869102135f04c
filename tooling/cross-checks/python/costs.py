"""Multiply-accumulates as fvcore counts them and parameters as PyTorch does."""
import timm
import torch
from fvcore.nn import FlopCountAnalysis
from timm.utils.model import reparameterize_model


def count(args, _):
    model = timm.create_model(f"mobileone_{args['variant']}").eval()
    if args["form"] == "deploy":
        model = reparameterize_model(model)
    analysis = FlopCountAnalysis(model, torch.zeros(1, 3, args["size"], args["size"]))
    analysis.unsupported_ops_warnings(False)
    operators = analysis.by_operator()
    return {
        "macs": int(operators["conv"] + operators["linear"]),
        "params": sum(parameter.numel() for parameter in model.parameters()),
    }, []
