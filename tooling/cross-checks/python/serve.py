"""Answer the calls of python-process.mjs: `<module>.<function>` with (arguments, blobs) gives (result, blobs)."""
import importlib
import json
import os
import sys
import traceback

# What libraries print must not get between the answers.
output = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)


def answer(request, blobs):
    module, function = request["call"].split(".")
    try:
        result, made = getattr(importlib.import_module(module), function)(request["args"], blobs)
        return {"result": result}, made
    except Exception:
        return {"error": traceback.format_exc()}, []


for line in sys.stdin.buffer:
    request = json.loads(line)
    reply, made = answer(request, [sys.stdin.buffer.read(length) for length in request["blobs"]])
    output.write(json.dumps({**reply, "blobs": [len(blob) for blob in made]}).encode() + b"\n")
    for blob in made:
        output.write(blob)
    output.flush()
