/**
 * The training script a plan comes with: Python, the same for every plan. It follows `train` of this package in schedules,
 * decay groups, average, augmentation and evaluation, and names its weights as timm does.
 */
export const trainScript: string = String.raw`#!/usr/bin/env python3
"""Train MobileOne by the recipe in plan.json with PyTorch: in one process, or in several started by torchrun.

    torchrun --standalone --nproc_per_node=8 train_mobileone.py --data /data/imagenet --output runs/mobileone

Needs torch (2.0 or later), timm, pillow and safetensors. Writes to the output folder:
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
import random
import sys
import time
from pathlib import Path

import timm
import timm.layers
import torch
import torch.distributed as dist
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageOps
from safetensors.torch import save_file
from torch.utils.data import DataLoader, Dataset

EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


# Schedules. "epochs" counts epochs of training done, a fraction included.


def cosine(part):
    return 0.5 * (1 + math.cos(math.pi * min(1.0, part)))


def learning_rate_at(recipe, epochs):
    rate, total = recipe["learningRate"], recipe["epochs"]
    warmup = rate["warmupEpochs"]
    if epochs < warmup:
        return rate["peak"] * (rate["warmupFactor"] + (1 - rate["warmupFactor"]) * epochs / warmup)
    return rate["final"] + (rate["peak"] - rate["final"]) * cosine((epochs - warmup) / max(total - warmup, 1e-9))


def weight_decay_at(recipe, epochs):
    decay = recipe["weightDecay"]
    return decay["to"] + (decay["from"] - decay["to"]) * cosine(epochs / recipe["epochs"])


def average_decay(ema, step):
    return min(ema["decay"], (1 + step) / (10 + step)) if ema["debias"] else ema["decay"]


def phase_of(recipe, epoch):
    return [phase for phase in recipe["curriculum"] if phase["from"] <= epoch][-1]


# Images


def center_crop(image, height, width, shorter, resample):
    """The shorter side to "shorter" pixels, then the centre, as torchvision's Resize and CenterCrop."""
    w, h = image.size
    w, h = (shorter, int(shorter * h / w)) if w <= h else (int(shorter * w / h), shorter)
    image = image.resize((w, h), resample)
    left, top = int(round((w - width) / 2.0)), int(round((h - height) / 2.0))
    return image.crop((left, top, left + width, top + height))


def random_window(width, height, scale, ratio, rng):
    """torchvision's RandomResizedCrop.get_params: left, top, width, height."""
    for _ in range(10):
        area = width * height * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = int(round(math.sqrt(area * aspect))), int(round(math.sqrt(area / aspect)))
        if 0 < w <= width and 0 < h <= height:
            return rng.randint(0, width - w), rng.randint(0, height - h), w, h
    own = width / height
    w = min(width, max(1, int(round(height * ratio[1])))) if own > ratio[1] else width
    h = min(height, max(1, int(round(width / ratio[0])))) if own < ratio[0] else height
    return (width - w) // 2, (height - h) // 2, w, h


def transform(image, matrix, fill):
    return image.transform(image.size, Image.AFFINE, matrix, Image.NEAREST, fillcolor=fill)


def apply(image, operation, level, sign, fill):
    """One operation of AutoAugment at level 0 (nothing changes) to 1."""
    width, height = image.size
    if operation == "shearX":
        return transform(image, (1, sign * level * 0.3, 0, 0, 1, 0), fill)
    if operation == "shearY":
        return transform(image, (1, 0, 0, sign * level * 0.3, 1, 0), fill)
    if operation == "translateX":
        return transform(image, (1, 0, sign * int(level * 150 / 331 * width), 0, 1, 0), fill)
    if operation == "translateY":
        return transform(image, (1, 0, 0, 0, 1, sign * int(level * 150 / 331 * height)), fill)
    if operation == "rotate":
        return image.rotate(sign * level * 30, Image.NEAREST, fillcolor=fill)
    if operation == "brightness":
        return ImageEnhance.Brightness(image).enhance(1 + sign * level * 0.9)
    if operation == "color":
        return ImageEnhance.Color(image).enhance(1 + sign * level * 0.9)
    if operation == "contrast":
        return ImageEnhance.Contrast(image).enhance(1 + sign * level * 0.9)
    if operation == "sharpness":
        return ImageEnhance.Sharpness(image).enhance(1 + sign * level * 0.9)
    if operation == "posterize":
        return ImageOps.posterize(image, 8 - int(math.floor(level * 4 + 0.5)))
    if operation == "solarize":
        return ImageOps.solarize(image, 256 * (1 - level))
    if operation == "autoContrast":
        return ImageOps.autocontrast(image)
    if operation == "equalize":
        return ImageOps.equalize(image)
    if operation == "invert":
        return ImageOps.invert(image)
    raise ValueError(f"there is no operation {operation}")


def auto_augment(image, policy, strength, fill, rng):
    """Magnitudes, and the probability of operations without one, are scaled by the strength."""
    for operation, probability, magnitude in policy[rng.randrange(len(policy))]:
        scaled = strength if operation in ("autoContrast", "equalize", "invert") else 1
        if rng.random() < probability * scaled:
            sign = -1 if rng.random() < 0.5 else 1
            image = apply(image, operation, magnitude / 9 * strength, sign, fill)
    return image


class Pictures(Dataset):
    """A folder with a folder of pictures per class. An item is asked for by (index, epoch); epoch None is evaluation."""

    def __init__(self, folder, plan):
        self.plan = plan
        self.classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
        self.files = [
            (path, label)
            for label, name in enumerate(self.classes)
            for path in sorted(Path(folder, name).rglob("*"))
            if path.suffix.lower() in EXTENSIONS
        ]
        if len(self.classes) != plan["classes"]:
            sys.exit(f"{folder} has {len(self.classes)} folders, the plan {plan['classes']} classes")

    def __len__(self):
        return len(self.files)

    def __getitem__(self, key):
        index, epoch = key
        path, label = self.files[index]
        with Image.open(path) as opened:
            image = opened.convert("RGB" if self.plan["channels"] == 3 else "L")
        image = self.evaluated(image) if epoch is None else self.augmented(image, index, epoch)
        width, height = image.size
        pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        return pixels.view(height, width, self.plan["channels"]), label

    def evaluated(self, image, size=None):
        rule = self.plan["preprocess"]
        height, width = size or rule["size"]
        shorter = max(1, int(math.floor(rule["resize"] * min(height, width) / min(rule["size"]) + 0.5)))
        return center_crop(image, height, width, shorter, FILTERS[rule["interpolation"]])

    def augmented(self, image, index, epoch):
        recipe, rule = self.plan["recipe"], self.plan["preprocess"]
        rng = random.Random(f"{recipe['seed']}/{epoch}/{index}")
        phase = phase_of(recipe, epoch)
        height, width = phase["size"]
        augmentation = recipe["augmentation"]
        crop = augmentation["crop"]
        if crop["kind"] == "randomResized":
            left, top, w, h = random_window(*image.size, crop["scale"], crop["ratio"], rng)
            box = (left, top, left + w, top + h)
            image = image.crop(box).resize((width, height), FILTERS[rule["interpolation"]])
        else:
            image = self.evaluated(image, (height, width))
            if crop["kind"] == "padded":
                left = rng.randint(0, 2 * crop["pixels"]) - crop["pixels"]
                top = rng.randint(0, 2 * crop["pixels"]) - crop["pixels"]
                image = image.crop((left, top, left + width, top + height))
        if augmentation["flip"] and rng.random() < 0.5:
            image = image.transpose(Image.FLIP_LEFT_RIGHT)
        if augmentation["autoAugment"]:
            mean = [min(255, max(0, int(math.floor(255 * value + 0.5)))) for value in rule["mean"]]
            fill = tuple(mean) if len(mean) == 3 else mean[0]
            image = auto_augment(image, self.plan["autoAugment"], phase["strength"], fill, rng)
        return image


class TrainingBatches:
    """This process's part of each batch of an epoch: the batches are the same whatever the number of processes."""

    def __init__(self, count, recipe, epoch, skip, rank, world):
        self.size = phase_of(recipe, epoch)["batchSize"]
        if self.size % world:
            sys.exit(f"a batch of {self.size} cannot be split over {world} processes")
        self.steps = count // self.size
        if self.steps == 0:
            sys.exit(f"{count} pictures do not fill one batch of {self.size}")
        order = torch.Generator().manual_seed(recipe["seed"] * 1_000_003 + epoch)
        self.order = torch.randperm(count, generator=order)
        self.epoch, self.skip, self.rank, self.part = epoch, skip, rank, self.size // world

    def __len__(self):
        return self.steps - self.skip

    def __iter__(self):
        for step in range(self.skip, self.steps):
            first = step * self.size + self.rank * self.part
            yield [(index, self.epoch) for index in self.order[first : first + self.part].tolist()]


# Training


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
`
