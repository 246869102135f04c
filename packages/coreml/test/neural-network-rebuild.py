"""Rebuild .mlmodel files with coremltools' NeuralNetworkBuilder, or quantise them: rebuild.py (IN OUT FORM)...

legacy: five axes, flatten, softmax, bias layers apart from convolutions. exact: exact shapes, reduce_mean, broadcasting layers,
squeeze, constants. linear8, linear5, lut4, half: quantize_weights. check: load and validate IN, print one JSON line.
"""

import json
import sys

import numpy as np
from coremltools import models
from coremltools.models import MLModel, datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder, quantization_utils
from coremltools.models.utils import load_spec, save_spec


def values(weights, *shape):
    return np.array(weights.floatValue, dtype=np.float32).reshape(shape)


def rebuild(spec, legacy):
    network = getattr(spec, spec.WhichOneof("Type"))
    feature = spec.description.input[0]
    shape = list(feature.type.multiArrayType.shape)
    output = spec.description.output[0].name
    builder = NeuralNetworkBuilder(
        [(feature.name, datatypes.Array(*(shape[1:] if legacy else shape)))],
        [(output, None if not legacy else datatypes.Array(5))],
        disable_rank5_shape_mapping=not legacy,
    )
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        inputs, name = list(layer.input), layer.output[0]
        if kind == "convolution":
            p = layer.convolution
            kernel = list(p.kernelSize)
            weights = values(p.weights, p.outputChannels, p.kernelChannels, *kernel).transpose(2, 3, 1, 0)
            border = [b.startEdgeSize for b in p.valid.paddingAmounts.borderAmounts]
            separate = legacy and border[0] > 0
            if separate:
                builder.add_padding(name + "_pad", *border, *border, 0, inputs[0], name + "_padded")
            builder.add_convolution(
                name, p.kernelChannels, p.outputChannels, *kernel, *p.stride, "valid", p.nGroups, weights,
                None if legacy else values(p.bias, -1), not legacy,
                input_name=name + "_padded" if separate else inputs[0], output_name=name + "_plain" if legacy else name,
                **({} if separate else dict(padding_top=border[0], padding_bottom=border[0],
                                            padding_left=border[1], padding_right=border[1])),
            )
            if legacy:
                builder.add_bias(name + "_bias", values(p.bias, -1), name + "_plain", name, [p.outputChannels])
        elif kind == "activation":
            builder.add_activation(name, layer.activation.WhichOneof("NonlinearityType").upper(), inputs[0], name)
        elif kind == "multiply":
            if legacy:
                builder.add_elementwise(name, inputs, name, "MULTIPLY")
            else:
                builder.add_multiply_broadcastable(name, inputs[::-1], name)
        elif kind == "pooling":
            if legacy:
                builder.add_pooling(name, 1, 1, 1, 1, "AVERAGE", "VALID", inputs[0], name, is_global=True)
            else:
                builder.add_reduce_mean(name, inputs[0], name, axes=[-2, -1], keepdims=True)
        elif kind == "flattenTo2D":
            if legacy:
                builder.add_flatten(name, 0, inputs[0], name)
            else:
                builder.add_squeeze(name, inputs[0], name, axes=[-1, 3 - 1])
        elif kind == "innerProduct":
            p = layer.innerProduct
            builder.add_inner_product(name, values(p.weights, p.outputChannels, p.inputChannels), values(p.bias, -1),
                                      p.inputChannels, p.outputChannels, True, inputs[0], name)
        else:
            raise ValueError(kind)
    return builder.spec


def work(source, target, form):
    spec = load_spec(source)
    if form == "check":
        model = MLModel(source, skip_model_load=True)
        checked = model.get_spec()
        kind = checked.WhichOneof("Type")
        layers = {}
        for layer in getattr(checked, kind).layers:
            layers[layer.WhichOneof("layer")] = layers.get(layer.WhichOneof("layer"), 0) + 1
        # The constructor writes nothing that it read, so that what is validated is what was written.
        assert checked.SerializeToString(deterministic=True) == spec.SerializeToString(deterministic=True)
        print(json.dumps({
            "version": checked.specificationVersion,
            "kind": kind,
            "inputs": [f.name + ":" + f.type.WhichOneof("Type") for f in checked.description.input],
            "outputs": [f.name + ":" + f.type.WhichOneof("Type") for f in checked.description.output],
            "author": checked.description.metadata.author,
            "layers": layers,
        }))
    elif form in ("legacy", "exact"):
        save_spec(rebuild(spec, form == "legacy"), target)
    else:
        linear, table = models._QUANTIZATION_MODE_LINEAR_QUANTIZATION, models._QUANTIZATION_MODE_LOOKUP_TABLE_LINEAR
        bits, mode = {"linear8": (8, linear), "linear5": (5, linear), "lut4": (4, table), "half": (16, linear)}[form]
        model = MLModel(spec, skip_model_load=True)
        save_spec(quantization_utils._quantize_spec_weights(model.get_spec(), bits, mode), target)


for index in range(1, len(sys.argv), 3):
    work(*sys.argv[index : index + 3])
