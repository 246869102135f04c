"""Rankings and probabilities of numpy and PyTorch."""
import numpy
import torch


def rank(args, blobs):
    """The classes of the k largest, of equal ones the first first; softmax and sigmoid in float64, rounded."""
    made = []
    for k, blob in zip(args["k"], blobs):
        scores = numpy.frombuffer(blob, numpy.float32)
        order = numpy.argsort(-scores, kind="stable")[:k]
        values, _ = torch.topk(torch.from_numpy(scores.copy()), min(k, len(scores)))
        assert numpy.array_equal(values.numpy(), scores[order])
        wide = torch.from_numpy(scores.astype(numpy.float64))
        made += [
            order.astype(numpy.int32).tobytes(),
            torch.softmax(wide, 0).to(torch.float32).numpy().tobytes(),
            torch.sigmoid(wide).to(torch.float32).numpy().tobytes(),
        ]
    return {}, made
