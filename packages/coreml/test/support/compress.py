"""Compress the weights of Core ML packages with coremltools, which runs on any system.

For each form below a folder gets `<form>.mlpackage`, and `<form>-dense.mlpackage`, what coremltools itself makes of it when
it takes the compression back. The second and third argument are a package for iOS 16 and one for iOS 18.

    python compress.py out ios16.mlpackage ios18.mlpackage [--zip]
"""

import os
import shutil
import sys

import coremltools as ct
import coremltools.optimize.coreml as cto

folder, *sources = [argument for argument in sys.argv[1:] if argument != "--zip"]


def quantize(**options):
    config = cto.OpLinearQuantizerConfig(weight_threshold=100, **options)
    return lambda model: cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=config))


def palettize(**options):
    config = cto.OpPalettizerConfig(weight_threshold=100, **options)
    return lambda model: cto.palettize_weights(model, cto.OptimizationConfig(global_config=config))


def prune(model):
    config = cto.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=100)
    return cto.prune_weights(model, cto.OptimizationConfig(global_config=config))


ios16 = {
    "int8": quantize(mode="linear_symmetric"),
    "uint8": quantize(mode="linear", dtype="uint8"),
    "palette-2": palettize(mode="uniform", nbits=2),
    "palette-6": palettize(mode="uniform", nbits=6),
    "sparse": prune,
}
ios18 = {
    "int8": quantize(mode="linear"),
    "int8-tensor": quantize(mode="linear", granularity="per_tensor"),
    "int8-block": quantize(mode="linear", granularity="per_block", block_size=4),
    "int4-block": quantize(mode="linear_symmetric", dtype="int4", granularity="per_block", block_size=4),
    "uint4-block": quantize(mode="linear", dtype="uint4", granularity="per_block", block_size=4),
    "palette-1": palettize(mode="uniform", nbits=1),
    "palette-3": palettize(mode="uniform", nbits=3),
    "palette-4-groups": palettize(mode="uniform", nbits=4, granularity="per_grouped_channel", group_size=4),
    "palette-8": palettize(mode="uniform", nbits=8),
    "sparse": prune,
}
try:
    import sklearn  # noqa: F401

    ios18["palette-vector"] = palettize(mode="kmeans", nbits=4, cluster_dim=2)
    ios18["palette-scale"] = palettize(
        mode="kmeans", nbits=4, granularity="per_grouped_channel", group_size=4, enable_per_channel_scale=True
    )
except ImportError:
    print("palette-vector and palette-scale need scikit-learn", file=sys.stderr)

for target, source, forms in (("ios16", sources[0], ios16), ("ios18", sources[1], ios18)):
    for form, compress in forms.items():
        compressed = compress(ct.models.MLModel(source, skip_model_load=True))
        for name, model in ((f"{target}-{form}", compressed), (f"{target}-{form}-dense", cto.decompress_weights(compressed))):
            path = os.path.join(folder, f"{name}.mlpackage")
            shutil.rmtree(path, ignore_errors=True)
            model.save(path)
            if "--zip" in sys.argv:
                shutil.make_archive(os.path.join(folder, name), "zip", folder, f"{name}.mlpackage")
        print(f"{target}-{form}")
