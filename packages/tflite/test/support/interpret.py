"""Run .tflite files on LiteRT's interpreter: `interpret.py <jobs.json>`, a list of {model, inputs: {name: {path, shape}}, outputs}.

Each runs by its signature on three sets of kernels (XNNPACK, LiteRT's own, the reference ones). Elements go to <outputs>-<kernels>-<name>.f32,
shapes come as one line of JSON each: {kernels: {name: shape}}.
"""

import json
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType

KERNELS = {
    "xnnpack": OpResolverType.BUILTIN,
    "builtin": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "reference": OpResolverType.BUILTIN_REF,
}

for job in json.load(open(sys.argv[1])):
    shapes = {}
    given = {
        name: numpy.fromfile(tensor["path"], "<f4").reshape(tensor["shape"]) for name, tensor in job["inputs"].items()
    }
    for kernels in job.get("kernels", KERNELS):
        interpreter = Interpreter(job["model"], num_threads=1, experimental_op_resolver_type=KERNELS[kernels])
        runner = interpreter.get_signature_runner("serving_default")
        results = runner(**given)
        for name, result in results.items():
            assert result.dtype == numpy.float32, (name, result.dtype)
            result.tofile(f'{job["outputs"]}-{kernels}-{name}.f32')
        shapes[kernels] = {name: list(result.shape) for name, result in results.items()}
    print(json.dumps(shapes))
