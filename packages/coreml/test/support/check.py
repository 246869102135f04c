"""Load Core ML files with coremltools, which runs on any system: one JSON line for each path.

Packages go through MLModel(skip_model_load=True) and the milproto loader, which infers every type again and reads
every weight; single files through MLModel and the C++ validator behind it.
"""

import json
import os
import sys

import coremltools as ct
from coremltools.converters.mil.frontend.milproto.load import load

for path in sys.argv[1:]:
    model = ct.models.MLModel(path, skip_model_load=True)
    spec = model.get_spec()
    result = {
        "version": spec.specificationVersion,
        "kind": spec.WhichOneof("Type"),
        "inputs": [feature.name for feature in spec.description.input],
        "outputs": [feature.name for feature in spec.description.output],
        "metadata": dict(spec.description.metadata.userDefined),
    }
    if spec.WhichOneof("Type") == "mlProgram":
        weights = os.path.join(path, "Data/com.apple.CoreML/weights")
        program = load(spec, spec.specificationVersion, weights)
        program.validate()
        ops = {}
        for op in program.functions["main"].operations:
            ops[op.op_type] = ops.get(op.op_type, 0) + 1
        result["ops"] = ops
    print(json.dumps(result))
