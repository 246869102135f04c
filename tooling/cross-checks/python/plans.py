"""What `mobileone plan` wrote, read by Triton's definition of a configuration and run by ONNX Runtime."""
import importlib.util
import io
import json
from importlib.metadata import distribution
from pathlib import Path

import numpy
import onnxruntime
from google.protobuf import json_format, text_format
from PIL import Image

ELEMENTS = {"tensor(uint8)": "TYPE_UINT8", "tensor(float)": "TYPE_FP32"}


def load(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_triton(args, _):
    # The package itself asks for gRPC, which its messages do not need.
    messages = load(distribution("tritonclient").locate_file("tritonclient/grpc/model_config_pb2.py"))
    repository = Path(args["repository"])
    config = text_format.Parse((repository / "config.pbtxt").read_text(), messages.ModelConfig())
    session = onnxruntime.InferenceSession(str(repository / "1" / "model.onnx"), providers=["CPUExecutionProvider"])

    def unlike(configured, found):
        told = [(each.name, messages.DataType.Name(each.data_type), list(each.dims)) for each in configured]
        read = [(each.name, ELEMENTS[each.type], each.shape[1:]) for each in found]
        is_open = all(isinstance(each.shape[0], str) for each in found)
        return int(told != read) + int(not is_open)

    labels = (repository / config.output[0].label_filename).read_text().splitlines()
    count = unlike(config.input, session.get_inputs()) + unlike(config.output, session.get_outputs())
    return {
        "config": json_format.MessageToDict(config),
        "unlike": count + int(len(labels) != config.output[0].dims[0]),
    }, []


def run_script(args, blobs):
    folder = Path(args["folder"])
    prepare = load(folder / "prepare_pictures.py").prepare
    plan = json.loads((folder / "plan.json").read_text())
    session = onnxruntime.InferenceSession(str(folder / plan["model"]), providers=["CPUExecutionProvider"])
    made = []
    for size, blob in zip(args["pictures"], blobs):
        file = io.BytesIO()
        Image.frombytes("RGB", (size["width"], size["height"]), blob).save(file, "PNG")
        made.append(prepare(file.getvalue(), plan["preprocess"]))
    (scores,) = session.run([plan["output"]], {plan["input"]: numpy.stack(made)})
    return {}, [blob for pixels, row in zip(made, scores) for blob in (pixels.tobytes(), row.tobytes())]
