#!/usr/bin/env python3
"""Classify all pictures of a folder or a bucket with Ray Data: on this machine, or on all machines of a Ray cluster.

    python classify_pictures.py --pictures s3://bucket/pictures --output s3://bucket/predictions --address auto

Writes Parquet files with a row for each picture: path, error (null where it was read), and index, label and score of its best classes, best first.
A file appears whole or not at all, and the same command goes on with a run that was stopped: pictures that have a row are left out.
"""
import argparse
import json
import os
import sys
import time
import uuid
from pathlib import Path

import numpy
import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import ray

from prepare_pictures import prepare

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SCHEMA = pyarrow.schema([
    ("path", pyarrow.string()),
    ("error", pyarrow.string()),
    ("index", pyarrow.list_(pyarrow.int32())),
    ("label", pyarrow.list_(pyarrow.string())),
    ("score", pyarrow.list_(pyarrow.float32())),
])


def whole(address):
    """An address, or a path from the root: workers have another working directory."""
    return address if "://" in address else str(Path(address).resolve())


def place(address):
    """The file system of an address or a path from the root, and the path in it."""
    return pyarrow.fs.FileSystem.from_uri(address)


def list_pictures(address):
    filesystem, root = place(address)
    selector = pyarrow.fs.FileSelector(root, recursive=True)
    files = (info.path for info in filesystem.get_file_info(selector) if info.is_file)
    return sorted(path for path in files if path.lower().endswith(EXTENSIONS) and not is_hidden(path[len(root):]))


def is_hidden(path):
    return any(part.startswith(".") for part in path.split("/"))


def list_done(address):
    """Paths that have a row. Unfinished files have names that begin with an underscore, which are left out."""
    filesystem, root = place(address)
    filesystem.create_dir(root, recursive=True)
    files = filesystem.get_file_info(pyarrow.fs.FileSelector(root))
    parts = [info.path for info in files if info.is_file and info.base_name.startswith("part-")]
    if not parts:
        return set()
    table = pyarrow.dataset.dataset(parts, filesystem=filesystem, format="parquet").to_table(columns=["path"])
    return set(table["path"].to_pylist())


def decode(batch, pictures, rule):
    """Paths to pixels. A picture that cannot be read is black, and its error is kept."""
    filesystem, _ = place(pictures)
    height, width = rule["size"]
    pixels = numpy.zeros((len(batch["path"]), height, width, len(rule["mean"])), numpy.uint8)
    errors = []
    for index, path in enumerate(batch["path"]):
        try:
            with filesystem.open_input_stream(path) as stream:
                pixels[index] = prepare(stream.read(), rule)
            errors.append("")
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}"[:300])
    return {"path": batch["path"], "pixels": pixels, "error": numpy.array(errors, dtype=object)}


class Classify:
    """Pixels to the best classes, with one session for each worker."""

    def __init__(self, model, top, threads, gpu):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        providers = (["CUDAExecutionProvider"] if gpu else []) + ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(ray.get(model), options, providers=providers)
        if gpu and self.session.get_providers()[0] != providers[0]:
            raise RuntimeError("ONNX Runtime has no CUDA here: pip install onnxruntime-gpu")
        self.input = self.session.get_inputs()[0].name
        self.top = top

    def __call__(self, batch):
        (scores,) = self.session.run(None, {self.input: numpy.ascontiguousarray(batch["pixels"])})
        best = numpy.argsort(-scores, axis=1, kind="stable")[:, : self.top]
        return {
            "path": batch["path"],
            "error": batch["error"],
            "index": best.astype(numpy.int32),
            "score": numpy.take_along_axis(scores, best, axis=1).astype(numpy.float32),
        }


def write(batch, output, labels):
    """Rows to a Parquet file of their own: under another name first, then moved to its place."""
    filesystem, root = place(output)
    rows = []
    for path, error, index, score in zip(batch["path"], batch["error"], batch["index"], batch["score"]):
        row = {"path": path, "error": error or None, "index": None, "label": None, "score": None}
        if not error:
            row |= {"index": index.tolist(), "score": score.tolist(), "label": [labels[each] if labels else str(each) for each in index]}
        rows.append(row)
    name = f"part-{uuid.uuid4().hex}.parquet"
    unfinished = f"{root}/_{name}"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, SCHEMA), unfinished, filesystem=filesystem)
    filesystem.move(unfinished, f"{root}/{name}")
    return {"pictures": numpy.array([len(rows)]), "unreadable": numpy.array([sum(row["error"] is not None for row in rows)])}


def parse():
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=whole, required=True, help="a folder, or an address as s3://bucket/folder")
    parser.add_argument("--output", type=whole, required=True, help="folder or address for the Parquet files")
    parser.add_argument("--address", help="the Ray cluster, or auto inside of one (default: this machine)")
    parser.add_argument("--plan", default=str(here / "plan.json"), help="the plan (default: beside this file)")
    parser.add_argument("--batch-size", type=int, default=32, help="pictures that the network takes at a time (default 32)")
    parser.add_argument("--workers", type=int, help="workers that hold the network (default: on half of the processors)")
    parser.add_argument("--threads", type=int, default=1, help="processors of each worker (default 1)")
    parser.add_argument("--gpu", action="store_true", help="a GPU for each worker; needs onnxruntime-gpu")
    parser.add_argument("--rows-per-file", type=int, default=10_000, help="pictures in a Parquet file (default 10000)")
    parser.add_argument("--top", type=int, help="classes of each picture (default: as planned)")
    parser.add_argument("--limit", type=int, help="stop after so many pictures")
    return parser.parse_args()


def main():
    args = parse()
    plan = json.loads(Path(args.plan).read_text())
    model = (Path(args.plan).parent / plan["model"]).read_bytes()
    pictures, done = list_pictures(args.pictures), list_done(args.output)
    missing = [path for path in pictures if path not in done][: args.limit]
    print(f"{len(pictures)} pictures, {len(pictures) - len(missing)} not in this run, {len(missing)} to classify", flush=True)
    if not pictures:
        sys.exit(f"there are no pictures in {args.pictures}")
    if not missing:
        return

    # A processor to decode and one to classify, at the least.
    local = {} if args.address else {"num_cpus": max(1 + args.threads, os.cpu_count() or 1)}
    ray.init(address=args.address, runtime_env={"working_dir": str(Path(__file__).parent), "excludes": ["*.onnx"]}, **local)
    processors = int(ray.cluster_resources()["CPU"])
    workers = args.workers or max(1, processors // (2 * args.threads))
    blocks = max(1, min(len(missing) // args.batch_size, 8 * processors))
    dataset = ray.data.from_arrow(pyarrow.table({"path": missing})).repartition(blocks)
    dataset = dataset.map_batches(
        decode, batch_size=args.batch_size, fn_kwargs={"pictures": args.pictures, "rule": plan["preprocess"]}
    )
    dataset = dataset.map_batches(
        Classify,
        batch_size=args.batch_size,
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=args.threads,
        num_gpus=1 if args.gpu else 0,
        fn_constructor_args=(ray.put(model), args.top or plan["top"], args.threads, args.gpu),
    )
    dataset = dataset.map_batches(
        write, batch_size=args.rows_per_file, num_cpus=0, fn_kwargs={"output": args.output, "labels": plan["labels"]}
    )
    started, classified, unreadable = time.monotonic(), 0, 0
    for row in dataset.iter_rows():
        classified += row["pictures"]
        unreadable += row["unreadable"]
        rate = classified / (time.monotonic() - started)
        print(f"{classified} of {len(missing)} pictures, {unreadable} unreadable, {rate:.0f} a second", flush=True)


if __name__ == "__main__":
    main()
