"""Check ONNX files with the ONNX project's own checker and shape inference: `check.py <file>...`, one JSON line each."""

import json
import sys

import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in [*inferred.graph.value_info, *inferred.graph.output]
    }
    print(json.dumps({"shapes": shapes, "metadata": {entry.key: entry.value for entry in model.metadata_props}}))
