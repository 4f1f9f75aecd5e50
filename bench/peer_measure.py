"""BN re-calibration of drawn configurations in PyTorch: one forward pass in training mode, weights and activations quantized.

peer_measure.py DIRECTORY THREADS; answers each line `n` on stdin with the times of n configurations.
"""

import json
import resource
import sys
import time

import torch

from peer_net import Net, read_blob

directory, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
tensors, problem = read_blob(directory, "measure")
images = tensors["images"].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
net = Net({key: value for key, value in tensors.items() if "/" in key and not key[0].isdigit()}, problem["layers"])
points = {name: q for q, name in enumerate(problem["points"])}
order = {name: i for i, name in enumerate(net.quantized)}


def fake(x, step, offset, low, high):
    """In place where x is nobody else's; a ReLU and a clip at 0 are one in the workbench, here they are two passes."""
    return x.sub(offset).div_(step).clamp_(low, high).round_().mul_(step).add_(offset)


@torch.no_grad()
def recalibrate(index):
    feeds = {key.split("/", 1)[1]: value for key, value in tensors.items() if key.startswith(f"{index}/")}
    steps, offsets = (feeds[name].split(problem["channels"]) for name in ("weightSteps", "weightOffsets"))
    scalars = {name: feeds[name].tolist() for name in feeds if name.startswith("activation") or name in ("weightLow", "weightHigh")}

    def weights(name, w):
        i = order[name]
        column = (-1,) + (1,) * (w.dim() - 1)
        return fake(w, steps[i].view(column), offsets[i].view(column), scalars["weightLow"][i], scalars["weightHigh"][i])

    def activation(name, x):
        q = points.get(name)
        if q is None:
            return x
        return fake(x, *(scalars["activation" + part][q] for part in ("Steps", "Offsets", "Low", "High")))

    net.forward(images, activation, weights)


print(json.dumps({"torch": torch.__version__}), flush=True)
at = 0
for line in sys.stdin:
    milliseconds, cpu = [], []
    for _ in range(int(line)):
        before, started = time.process_time(), time.perf_counter()
        recalibrate(at % problem["configurations"])
        milliseconds.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - before) * 1000)
        at += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"milliseconds": milliseconds, "cpuMilliseconds": cpu, "peakMegabytes": peak}), flush=True)
