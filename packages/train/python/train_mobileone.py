#!/usr/bin/env python3
"""Train MobileOne by the recipe in plan.json with PyTorch: in one process, or in several started by torchrun.

    torchrun --standalone --nproc_per_node=8 train_mobileone.py --data /data/imagenet --output runs/mobileone

Needs torch (2.0 or later), timm, pillow and safetensors, and pictures.py and schedules.py beside it. Writes to the output folder:
    last.pth.tar        everything to go on from; the same command goes on from it by itself
    model.safetensors   the averaged weights after each epoch, with labels, preprocessing and recipe; timm's names
    log.jsonl           a line per epoch
"""
import argparse
import contextlib
import copy
import json
import math
import os
import sys
import time
from pathlib import Path

import timm
import timm.layers
import torch
import torch.distributed as dist
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.utils.data import DataLoader

from pictures import Pictures, TrainingBatches
from schedules import average_decay, learning_rate_at, phase_of, weight_decay_at


def parameter_groups(model, exempt):
    decayed, spared = [], []
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            normalisation = isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
            kind = "batchNorm" if normalisation else "bias" if name == "bias" else "kernel"
            (spared if kind in exempt else decayed).append(parameter)
    return [{"params": decayed, "decays": True}, {"params": spared, "decays": False}]


class Average:
    """The moving average of weights and statistics."""

    def __init__(self, model):
        self.model = copy.deepcopy(model).eval()
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values()))
        self.own = [own for own, _ in pairs if own.is_floating_point()]
        self.theirs = [their for own, their in pairs if own.is_floating_point()]
        self.counters = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, decay):
        torch._foreach_mul_(self.own, decay)
        torch._foreach_add_(self.own, self.theirs, alpha=1 - decay)
        for own, their in self.counters:
            own.copy_(their)


class Run:
    def __init__(self, args):
        self.args = args
        self.plan = plan = json.loads(Path(args.plan).read_text())
        self.recipe = recipe = plan["recipe"]
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        local = int(os.environ.get("LOCAL_RANK", 0))
        cuda = torch.cuda.is_available() and args.device != "cpu"
        self.device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)
        if self.world > 1:
            dist.init_process_group("nccl" if cuda else "gloo")
        self.layout = torch.channels_last if cuda else torch.contiguous_format

        torch.manual_seed(recipe["seed"])
        model = timm.create_model(plan["model"], num_classes=plan["classes"], in_chans=plan["channels"])
        if args.sync_bn:
            model = timm.layers.convert_sync_batchnorm(model)
        for module in model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.momentum = recipe["batchNormMomentum"]
        self.model = model.to(self.device, memory_format=self.layout)
        self.average = Average(self.model) if recipe["ema"] else None
        self.optimizer = torch.optim.SGD(
            parameter_groups(self.model, recipe["weightDecay"]["exempt"]),
            lr=recipe["learningRate"]["peak"],
            momentum=recipe["optimizer"]["momentum"],
            nesterov=recipe["optimizer"]["nesterov"],
        )
        folder = Path(args.data)
        self.training = Pictures(folder / plan["folders"]["train"], plan)
        validation = plan["folders"]["validation"]
        self.validation = Pictures(folder / validation, plan) if validation else None
        self.labels = plan["labels"] or self.training.classes
        self.mean = torch.tensor(plan["preprocess"]["mean"], device=self.device).view(1, -1, 1, 1)
        self.std = torch.tensor(plan["preprocess"]["std"], device=self.device).view(1, -1, 1, 1)

        self.output = Path(args.output)
        self.epoch = self.batch = self.step = 0
        self.totals = [0.0, 0.0, 0.0, 0.0]
        self.history = []
        if self.rank == 0:
            self.output.mkdir(parents=True, exist_ok=True)
        self.resume()
        self.parallel = self.model
        if self.world > 1:
            devices = [local] if cuda else None
            self.parallel = torch.nn.parallel.DistributedDataParallel(self.model, device_ids=devices)

    def resume(self):
        path = self.output / "last.pth.tar"
        if not path.exists():
            return
        state = torch.load(path, map_location="cpu", weights_only=True)
        if json.loads(state["recipe"]) != self.recipe or state["arch"] != self.plan["model"]:
            sys.exit(f"{path} was made by another plan; choose another --output")
        self.model.load_state_dict(state["state_dict"])
        if self.average:
            self.average.model.load_state_dict(state["state_dict_ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.batch, self.step = state["epoch"], state["batch"], state["step"]
        self.totals, self.history = state["totals"], json.loads(state["history"])
        self.say(f"going on from {path}: epoch {self.epoch + 1}, batch {self.batch + 1}")

    def say(self, text):
        if self.rank == 0:
            print(text, flush=True)

    def result(self):
        return self.average.model if self.average else self.model

    def save(self, totals):
        if self.rank != 0:
            return
        state = {
            "arch": self.plan["model"],
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "totals": totals,
            "history": json.dumps(self.history),
            "recipe": json.dumps(self.recipe),
            "state_dict": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        if self.average:
            state["state_dict_ema"] = self.average.model.state_dict()
        part = self.output / "last.pth.tar.part"
        torch.save(state, part)
        os.replace(part, self.output / "last.pth.tar")

    def export(self):
        if self.rank != 0:
            return
        training = {"recipe": self.recipe, "epochs": self.epoch}
        if self.history and "top1" in self.history[-1]:
            training["validationTop1"] = self.history[-1]["top1"]
        card = {"labels": self.labels, "preprocess": self.plan["preprocess"], "training": training}
        network = {"name": self.plan["model"], "size": self.plan["preprocess"]["size"]}
        metadata = {
            "format": "pt",
            "mobileone.card": json.dumps(card),
            "mobileone.network": json.dumps(network),
        }
        tensors = {key: value.detach().cpu().contiguous() for key, value in self.result().state_dict().items()}
        part = self.output / "model.safetensors.part"
        save_file(tensors, part, metadata)
        os.replace(part, self.output / "model.safetensors")

    def images(self, pixels):
        pixels = pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255)
        return ((pixels - self.mean) / self.std).contiguous(memory_format=self.layout)

    def loader(self, pictures, batches):
        cuda = self.device.type == "cuda"
        return DataLoader(pictures, batch_sampler=batches, num_workers=self.args.workers, pin_memory=cuda)

    def autocast(self):
        if not self.args.amp:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def sum(self, tensor):
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor.tolist()

    def train(self):
        recipe = self.recipe
        while self.epoch < recipe["epochs"]:
            batches = TrainingBatches(
                len(self.training), recipe, self.epoch, self.batch, self.rank, self.world
            )
            # Loss times pictures, pictures that were right, pictures, seconds; of this process, except those of a former run.
            totals = torch.tensor(self.totals, dtype=torch.float64, device=self.device) / self.world
            started = time.monotonic()
            self.parallel.train()
            for pixels, labels in self.loader(self.training, batches):
                totals += self.take_step(pixels, labels, self.epoch + self.batch / batches.steps)
                self.batch += 1
                self.step += 1
                stop = self.step == self.args.stop_after
                if self.batch < batches.steps and (stop or self.step % self.args.log_every == 0):
                    self.report(totals, batches)
                if self.batch < batches.steps and (stop or self.step % self.args.save_every == 0):
                    self.save(self.sum(totals.clone()))
                if stop and self.batch < batches.steps:
                    return
            totals[3] += (time.monotonic() - started) / self.world
            self.close_epoch(totals, batches)
            if self.step == self.args.stop_after:
                return

    def take_step(self, pixels, labels, epochs):
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(recipe, epochs)
            group["weight_decay"] = weight_decay_at(recipe, epochs) if group["decays"] else 0.0
        labels = labels.to(self.device, non_blocking=True)
        with self.autocast():
            logits = self.parallel(self.images(pixels))
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=recipe["labelSmoothing"])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if recipe["gradientClip"] is not None:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), recipe["gradientClip"])
        self.optimizer.step()
        if self.average:
            self.average.update(average_decay(recipe["ema"], self.step))
        right = (logits.argmax(1) == labels).sum()
        totals = torch.zeros(4, dtype=torch.float64, device=self.device)
        totals[0], totals[1], totals[2] = loss.detach().double() * len(labels), right, len(labels)
        return totals

    def report(self, totals, batches):
        loss, right, count, _ = self.sum(totals.clone())
        if not math.isfinite(loss):
            sys.exit(f"training diverged in epoch {self.epoch + 1}: the loss is {loss / count}")
        self.say(
            f"epoch {self.epoch + 1}/{self.recipe['epochs']}, batch {self.batch}/{batches.steps}: "
            f"loss {loss / count:.4f}, top-1 {right / count:.4f}"
        )

    def close_epoch(self, totals, batches):
        self.report(totals, batches)
        loss, right, count, seconds = self.sum(totals)
        done = self.epoch + 1
        record = {
            "epoch": done,
            "loss": loss / count,
            "trainTop1": right / count,
            "learningRate": learning_rate_at(self.recipe, done - 1 / batches.steps),
            "weightDecay": weight_decay_at(self.recipe, done - 1 / batches.steps),
            "seconds": seconds,
        }
        record.update(self.evaluate())
        self.history.append(record)
        self.epoch, self.batch, self.totals = done, 0, [0.0, 0.0, 0.0, 0.0]
        self.save(self.totals)
        self.export()
        if self.rank == 0:
            with open(self.output / "log.jsonl", "a") as log:
                log.write(json.dumps(record) + "\n")
        self.say(json.dumps(record))

    @torch.no_grad()
    def evaluate(self):
        """The averaged weights on the validation pictures, each seen once by one process."""
        if not self.validation:
            return {}
        model = self.result()
        if self.world > 1:
            for buffer in model.buffers():
                dist.broadcast(buffer, 0)
        model.eval()
        own = [(index, None) for index in range(self.rank, len(self.validation), self.world)]
        size = phase_of(self.recipe, self.epoch)["batchSize"] // self.world
        batches = [own[first : first + size] for first in range(0, len(own), size)]
        right = torch.zeros(3, dtype=torch.float64, device=self.device)
        for pixels, labels in self.loader(self.validation, batches):
            labels = labels.to(self.device, non_blocking=True)
            logits = model(self.images(pixels)).float()
            best = logits.topk(min(5, logits.shape[1]), dim=1).indices == labels[:, None]
            right += torch.stack([best[:, 0].sum(), best.any(1).sum(), best.new_tensor(len(labels), dtype=torch.long)])
        top1, top5, count = self.sum(right)
        return {"top1": top1 / count, "top5": top5 / count}


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", default=str(here / "plan.json"), help="the plan (default: beside this file)")
    parser.add_argument("--data", required=True, help="folder with the training and validation folders")
    parser.add_argument("--output", required=True, help="folder for checkpoints; a run there is gone on with")
    parser.add_argument("--workers", type=int, default=8, help="processes that decode, per training process")
    parser.add_argument("--device", choices=["auto", "cpu"], default="auto")
    parser.add_argument("--amp", action="store_true", help="compute in bfloat16 where that is safe")
    parser.add_argument("--sync-bn", action="store_true", help="normalise over the batch of all processes")
    parser.add_argument("--save-every", type=int, default=1000, help="steps between checkpoints in an epoch")
    parser.add_argument("--log-every", type=int, default=50, help="steps between lines of progress")
    parser.add_argument("--stop-after", type=int, default=0, help="end, saved, after this step of the whole run")
    run = Run(parser.parse_args())
    run.train()
    if run.world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
