"""The steps of `npm run bench:step` in PyTorch: float and elastic (passes H, R, L with distillation, WDR, clip, Adam).

  peer_step.py check DIRECTORY THREADS               compares quantizers with ours, case by case
  peer_step.py compiles DIRECTORY THREADS            whether torch.compile works here
  peer_step.py float|elastic[-compile] DIRECTORY THREADS   answers each line `n` on stdin with times and losses of n steps
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F

from peer_net import Net, outputs_first, read_blob
from peer_quantizers import Activation, ActivationTensors, Weights


class FloatStep:
    def __init__(self, tensors, extra):
        self.net = Net(tensors, extra["layers"])
        self.images = tensors["images"].permute(0, 3, 1, 2)
        self.labels = tensors["labels"].long()
        self.extra, self.step = extra, 0
        self.optimizer = torch.optim.Adam(self.net.parameters.values(), fused=True)
        self.run = self.loss

    def loss(self):
        return F.cross_entropy(self.net.forward(self.images), self.labels)

    def compile(self):
        self.run = torch.compile(self.loss)

    def rate(self, peak):
        return 0.5 * peak * (1 + math.cos(math.pi * self.step / self.extra["totalSteps"]))

    def __call__(self):
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(self.extra["pretrainRate"])
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.run()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return [loss.item()]


class Tables:
    """Log steps and offsets in two flat vectors; Adam moves only the entries that a pass of the step has used."""

    def __init__(self, values, fixed):
        self.values = values.requires_grad_()
        self.m, self.v, self.t, self.used = (torch.zeros_like(values) for _ in range(4))
        self.fixed = fixed

    def update(self, rate, clip):
        mask = self.used.clamp(max=1)
        if self.fixed:
            mask[0] = 0
        gradient = self.values.grad.clamp_(-clip, clip)
        self.m.add_((gradient - self.m).mul_(mask), alpha=0.1)
        self.v.add_((gradient.square() - self.v).mul_(mask), alpha=0.001)
        self.t.add_(mask)
        t = self.t.clamp(min=1)
        corrected = self.m / (1 - torch.pow(0.9, t))
        root = (self.v / (1 - torch.pow(0.999, t))).sqrt_().add_(1e-8)
        self.values.sub_(corrected.div_(root).mul_(mask), alpha=rate)
        self.values.grad = None
        self.used.zero_()


class ElasticStep(FloatStep):
    def __init__(self, tensors, extra):
        super().__init__(tensors, extra)
        self.points = {point["tensor"]: q for q, point in enumerate(extra["points"])}
        self.layer_index = {name: i for i, name in enumerate(self.net.quantized)}
        self.channels = [self.net.parameters[f"{name}/weights"].shape[0] for name in self.net.quantized]
        self.steps = Tables(tensors["tables/log-steps"], False)
        self.offsets = Tables(tensors["tables/offsets"], True)
        self.passes = []
        for step in range(extra["drawnSteps"]):
            for k in range(extra["passes"]):
                prefix = f"step-{step}/{k}/"
                feeds = {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
                feeds["numbers"] = {key: feeds[key].tolist() for key in ("weightLow", "weightHigh", "activationLow", "activationHigh", "activationScale")}
                self.passes.append(feeds)
        self.run = self.logits
        self.tensors_only = False

    def compile(self):
        self.tensors_only = True
        self.run = torch.compile(self.logits)

    def logits(self, feeds, numbers, step_numbers, offset_numbers):
        """step_numbers, offset_numbers: the activations' steps and offsets as Python numbers, for the eager quantizers."""
        count, total = len(self.points), sum(self.channels)
        logs = self.steps.values.index_select(0, feeds["stepIndex"])
        offsets = self.offsets.values.index_select(0, feeds["offsetIndex"])
        sizes = logs.detach().exp()
        weight_logs, weight_offsets = logs[:total].split(self.channels), offsets[:total].split(self.channels)
        weight_sizes = sizes[:total].split(self.channels)
        activation_logs, activation_offsets = logs[total:].unbind(), offsets[total:].unbind()
        activation_sizes = sizes[total:].unbind()
        scales = feeds["weightScale"].unbind()
        low, high = (feeds["weightLow"].unbind(), feeds["weightHigh"].unbind()) if self.tensors_only else (numbers["weightLow"], numbers["weightHigh"])
        if self.tensors_only:
            lows, highs, factors = (feeds[key].unbind() for key in ("activationLow", "activationHigh", "activationScale"))
        assert len(activation_logs) == count

        def quantize_weights(name, w):
            i = self.layer_index[name]
            return Weights.apply(w, weight_logs[i], weight_offsets[i], weight_sizes[i], low[i], high[i], scales[i])

        def quantize_activation(name, x):
            q = self.points.get(name)
            if q is None:
                return x
            if self.tensors_only:
                return ActivationTensors.apply(x, activation_logs[q], activation_offsets[q], activation_sizes[q], lows[q], highs[q], factors[q])
            bounds = numbers["activationLow"][q], numbers["activationHigh"][q], numbers["activationScale"][q]
            return Activation.apply(x, activation_logs[q], activation_offsets[q], step_numbers[q], offset_numbers[q], *bounds)

        return self.net.forward(self.images, quantize_activation, quantize_weights)

    @torch.no_grad()
    def regularize(self):
        """WDR-Loss; adds its gradient to the weights, written by hand as in the workbench."""
        wdr, names = self.extra["wdr"], self.net.quantized[1:]
        total = 0.0
        for name in names:
            weights = self.net.parameters[f"{name}/weights"]
            n = weights.numel()
            centred = weights - weights.mean()
            sigma = (centred.square().sum() / (n - 1)).sqrt()
            d = centred / sigma
            d2 = d.square()
            d3 = d2 * d
            skewness, distance = d3.mean(), d2.square().mean() - wdr["target"]
            total = total + wdr["skewness"] * skewness.square() + wdr["kurtosis"] * distance.square()
            h = d2.mul_(skewness * (6 * wdr["skewness"] / n)).add_(d3.mul_(distance * (8 * wdr["kurtosis"] / n)))
            gradient = h.sub(h.mean()).sub_(d.mul(h.mul(d).sum() / (n - 1))).div_(sigma)
            weights.grad.add_(gradient, alpha=1 / len(names))
        return (total / len(names)).item()

    def __call__(self):
        extra, losses, teacher = self.extra, [], None
        rate = self.rate(extra["rate"])
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        for k in range(extra["passes"]):
            feeds = self.passes[self.step % extra["drawnSteps"] * extra["passes"] + k]
            total = sum(self.channels)
            steps = offsets = None
            if not self.tensors_only:
                with torch.no_grad():
                    steps = self.steps.values[feeds["stepIndex"][total:]].exp().tolist()
                    offsets = self.offsets.values[feeds["offsetIndex"][total:]].tolist()
            logits = self.run(feeds, None if self.tensors_only else feeds["numbers"], steps, offsets)
            loss = F.cross_entropy(logits, self.labels)
            if teacher is not None:
                divergence = F.kl_div(F.log_softmax(logits, 1), teacher, reduction="batchmean")
                loss = extra["lambda"] * divergence + (1 - extra["lambda"]) * loss
            teacher = logits.detach().softmax(1)
            loss.backward()
            ones = torch.ones(feeds["stepIndex"].numel())
            self.steps.used.index_add_(0, feeds["stepIndex"], ones)
            self.offsets.used.index_add_(0, feeds["offsetIndex"], ones)
            losses.append(loss.item())
        losses.append(self.regularize())
        torch.nn.utils.clip_grad_value_(self.net.parameters.values(), extra["clip"], foreach=True)
        self.optimizer.step()
        with torch.no_grad():
            for tables in (self.steps, self.offsets):
                tables.update(rate * extra["tableRate"], extra["clip"])
        self.step += 1
        return losses


def peak_megabytes():
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def say(message):
    print(json.dumps(message), flush=True)


def check(directory):
    """Largest relative error of value and gradients, each against the norm of ours."""
    tensors, extra = read_blob(directory, "quantizers")
    results = []
    for case in extra["cases"]:
        name = case["name"]
        given = {key: tensors[f"{name}/{key}"] for key in ("x", "dy", "logStep", "offset", "y", "dx", "dLogStep", "dOffset")}
        weights = case["kind"] == "weights"
        images_first = outputs_first if weights else lambda t: t.permute(0, 3, 1, 2)
        for key in ("x", "dy", "y", "dx"):
            given[key] = images_first(given[key])
        x, p, offset = (given[key].requires_grad_() for key in ("x", "logStep", "offset"))
        step = p.detach().exp()
        bounds = case["low"], case["high"]
        if weights:
            variants = {"eager": Weights.apply(x, p, offset, step, *bounds, torch.tensor(case["scale"]))}
        else:
            numbers = [torch.tensor(float(value)) for value in bounds]
            variants = {
                "eager": Activation.apply(x, p, offset, step.item(), offset.item(), *bounds, case["scale"]),
                "tensors": ActivationTensors.apply(x, p, offset, step, *numbers, torch.tensor(case["scale"])),
            }
        for variant, y in variants.items():
            x.grad = p.grad = offset.grad = None
            y.backward(given["dy"])
            theirs = {"y": y.detach(), "dx": x.grad, "dLogStep": p.grad, "dOffset": offset.grad}
            errors = {}
            for key, value in theirs.items():
                # A symmetric quantizer has no offset to move.
                if key == "dOffset" and not case["asymmetric"]:
                    continue
                errors[key] = ((value - given[key]).norm() / given[key].norm()).item()
            results.append({"name": name, "variant": variant, "errors": errors})
    say({"torch": torch.__version__, "quantizers": results})


def compiles():
    """torch.compile needs a C++ compiler and its Python's headers."""
    try:
        torch.compile(lambda x: torch.sin(x) + 1)(torch.ones(8))
        say({"compiles": True})
    except Exception as error:  # whatever is missing, the reader is told
        say({"compiles": False, "why": str(error).strip().splitlines()[0][:300]})


def main():
    mode, directory, threads = sys.argv[1:4]
    torch.set_num_threads(int(threads))
    if mode == "check":
        return check(directory)
    if mode == "compiles":
        return compiles()
    tensors, extra = read_blob(directory, "problem")
    step = ElasticStep(tensors, extra) if mode.startswith("elastic") else FloatStep(tensors, extra)
    if mode.endswith("-compile"):
        step.compile()
    say({"ready": True})
    for line in sys.stdin:
        milliseconds, cpu, losses = [], [], []
        for _ in range(int(line)):
            started, cpu_started = time.perf_counter(), time.process_time()
            losses.append(step())
            milliseconds.append((time.perf_counter() - started) * 1e3)
            cpu.append((time.process_time() - cpu_started) * 1e3)
        say({"milliseconds": milliseconds, "cpuMilliseconds": cpu, "losses": losses, "peakMegabytes": peak_megabytes()})


if __name__ == "__main__":
    main()
