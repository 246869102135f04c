"""Learning rate, weight decay and average of a recipe. "epochs" counts epochs of training done, a fraction included."""
import math


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
