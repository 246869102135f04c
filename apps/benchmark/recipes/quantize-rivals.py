"""Quantise a network for ONNX Runtime and LiteRT with their own tools, as their documentation has it, to hold our int8 form against.

    pip install numpy==2.4.6 pillow==13.0.0 onnx==1.23.2 onnxruntime==1.32.0 ai-edge-litert==2.3.0 ai-edge-quantizer==0.10.0
    mobileone export s0.safetensors --format onnx -o s0.onnx
    mobileone export s0.safetensors --format tflite -o s0.tflite
    python quantize-rivals.py photographs/ --onnx s0.onnx --tflite s0.tflite

writes s0.int8.onnx (static, QDQ, weights per channel, ranges the least and the greatest of the photographs) and s0.int8.tflite (static,
activations and weights in int8), and prints how far the logits of both are from those of the float network on the photographs
that were left out of the calibration.
"""

import argparse
import pathlib

import numpy
from PIL import Image

MEAN = numpy.array([0.485, 0.456, 0.406], numpy.float32)
STD = numpy.array([0.229, 0.224, 0.225], numpy.float32)


def prepared(path, size):
    """A photograph as ImageNet's networks take it, [1, 3, size, size]: the shorter side 8/7 of `size`, the middle, normalised."""
    picture = Image.open(path).convert("RGB")
    scale = round(size * 256 / 224) / min(picture.size)
    picture = picture.resize([round(side * scale) for side in picture.size], Image.Resampling.BILINEAR)
    left, top = [(side - size) // 2 for side in picture.size]
    pixels = numpy.asarray(picture.crop((left, top, left + size, top + size)), numpy.float32) / 255
    return ((pixels - MEAN) / STD).transpose(2, 0, 1)[None]


def quantize_onnx(source, target, inputs):
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self, name):
            self.rows = iter({name: each} for each in inputs)

        def get_next(self):
            return next(self.rows, None)

    prepared_model = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared_model), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared_model),
        str(target),
        Reader(onnx_session(source).get_inputs()[0].name),
        quant_format=quantization.QuantFormat.QDQ,
        calibrate_method=quantization.CalibrationMethod.MinMax,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        per_channel=True,
    )
    prepared_model.unlink()


def onnx_session(path):
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def onnx_logits(path, inputs):
    session = onnx_session(path)
    name = session.get_inputs()[0].name
    return [session.run(None, {name: each})[0].ravel() for each in inputs]


def quantize_tflite(source, target, inputs):
    from ai_edge_quantizer import quantizer, recipe

    names = litert_names(source)
    data = {names[0]: [{names[1]: litert_input(source, each)} for each in inputs]}
    # LiteRT.js takes no int8 and gives none.
    float_ends = [
        {"regex": ".*", "operation": end, "algorithm_key": "no_quantize", "op_config": {}} for end in ("INPUT", "OUTPUT")
    ]
    tool = quantizer.Quantizer(str(source), [*recipe.static_wi8_ai8(), *float_ends])
    calibrated = tool.calibrate(data)
    tool.quantize(calibrated).export_model(str(target), overwrite=True)


def litert(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    return interpreter


def litert_names(path):
    """Of its one signature and of that one's one input."""
    [(signature, ends)] = litert(path).get_signature_list().items()
    return signature, ends["inputs"][0]


def litert_input(path, chw):
    """In the layout that the file has."""
    shape = litert(path).get_input_details()[0]["shape"]
    return chw if shape[1] == 3 else numpy.ascontiguousarray(chw.transpose(0, 2, 3, 1))


def litert_logits(path, inputs):
    interpreter = litert(path)
    [given], [made] = interpreter.get_input_details(), interpreter.get_output_details()
    results = []
    for each in inputs:
        interpreter.set_tensor(given["index"], stored(litert_input(path, each), given))
        interpreter.invoke()
        results.append(meant(interpreter.get_tensor(made["index"]).ravel(), made))
    return results


def stored(values, details):
    scale, zero = details["quantization"]
    return values if scale == 0 else numpy.clip(numpy.round(values / scale) + zero, -128, 127).astype(numpy.int8)


def meant(values, details):
    scale, zero = details["quantization"]
    return values.copy() if scale == 0 else (values.astype(numpy.float32) - zero) * scale


def compare(title, floats, integers):
    errors = [numpy.square(a - b).sum() / numpy.square(a).sum() for a, b in zip(floats, integers)]
    agreed = sum(a.argmax() == b.argmax() for a, b in zip(floats, integers))
    print(f"{title}: SQNR {-10 * numpy.log10(numpy.mean(errors)):.1f} dB, the first class agrees on {agreed} of {len(floats)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("photographs", type=pathlib.Path, help="a folder of them")
    parser.add_argument("--onnx", type=pathlib.Path)
    parser.add_argument("--tflite", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=16, help="photographs to calibrate with, evenly taken from the folder")
    parser.add_argument("--held-out", type=int, default=64, help="others to compare on")
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    files = sorted(each for each in options.photographs.iterdir() if each.suffix.lower() in {".jpeg", ".jpg", ".png"})
    step = max(1, len(files) // options.samples)
    chosen = files[::step][: options.samples]
    others = [each for each in files if each not in chosen][: options.held_out]
    inputs, held_out = ([prepared(each, options.size) for each in group] for group in (chosen, others))
    for source, make, logits in (
        (options.onnx, quantize_onnx, onnx_logits),
        (options.tflite, quantize_tflite, litert_logits),
    ):
        if not source:
            continue
        target = source.with_suffix(f".int8{source.suffix}")
        make(source, target, inputs)
        compare(target.name, logits(source, held_out), logits(target, held_out))


main()
