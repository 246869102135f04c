#!/usr/bin/env python3
"""Classify pictures with a Triton server that has the model repository beside this file.

    pip install "tritonclient[http]" numpy "pillow<13"
    python triton_client.py cat.jpg dog.jpg --url localhost:8000
"""
import argparse
import json
from pathlib import Path

import numpy

from prepare_pictures import prepare


def main():
    import tritonclient.http as triton

    here = Path(__file__).parent
    plan = json.loads((here / "plan.json").read_text())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--url", default="localhost:8000", help="host and port of the server (default localhost:8000)")
    parser.add_argument("--top", type=int, default=plan["top"], help=f"classes of each picture (default {plan['top']})")
    args = parser.parse_args()

    client = triton.InferenceServerClient(args.url)
    for first in range(0, len(args.pictures), plan["maxBatchSize"]):
        paths = args.pictures[first : first + plan["maxBatchSize"]]
        pixels = numpy.stack([prepare(Path(path).read_bytes(), plan["preprocess"]) for path in paths])
        given = triton.InferInput(plan["input"], list(pixels.shape), "UINT8")
        given.set_data_from_numpy(pixels)
        asked = triton.InferRequestedOutput(plan["output"], class_count=args.top)
        answer = client.infer(plan["name"], [given], outputs=[asked]).as_numpy(plan["output"])
        for path, best in zip(paths, answer):
            print(path)
            for text in best:
                score, index, *label = text.decode().split(":", 2)
                print(f"  {label[0] if label else index}: {100 * float(score):.1f} %")


if __name__ == "__main__":
    main()
