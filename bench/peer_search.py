"""The search of `npm run bench:search` in pymoo, with the same predictor in PyTorch.

  peer_search.py check DIRECTORY PREDICTOR THREADS           compares predictions with ours
  peer_search.py nsga2|nsga2-bitops|ga DIRECTORY PREDICTOR THREADS   answers each line `n` on stdin with the times of n searches
"""

import sys
import time

import numpy as np
import pymoo
import torch
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.mutation import Mutation
from pymoo.core.problem import Problem
from pymoo.operators.crossover.ux import UX
from pymoo.optimize import minimize

from peer_net import read_blob
from peer_step import peak_megabytes, say


class Predictor:
    """The ensemble on one-hot codes. The members of a first layer share their input, so their weights lie side by side."""

    def __init__(self, tensors, extra):
        members, self.hidden = extra["members"], len(extra["hidden"])
        layers = [
            [(tensors[f"member{m}/layer{i}/weights"], tensors[f"member{m}/layer{i}/bias"]) for m in range(members)]
            for i in range(self.hidden + 1)
        ]
        if members == 1:
            self.layers = [(weights[0][0], weights[0][1]) for weights in layers]
        else:
            # [members, in, out] and [members, 1, out] for baddbmm, but the first, which reads the codes.
            self.layers = [(torch.cat([w for w, _ in layers[0]], 1), torch.cat([b for _, b in layers[0]]))]
            self.layers += [(torch.stack([w for w, _ in one]), torch.stack([b for _, b in one]).unsqueeze(1)) for one in layers[1:]]
        self.members = members

    @torch.inference_mode()
    def __call__(self, codes):
        """codes [rows, columns] -> accuracies [rows]"""
        x = torch.addmm(self.layers[0][1], codes, self.layers[0][0])
        if self.members > 1:
            x = x.view(codes.shape[0], self.members, -1).transpose(0, 1)
        for weights, bias in self.layers[1:]:
            x = x.relu_()
            x = torch.addmm(bias, x, weights) if self.members == 1 else torch.baddbmm(bias, x, weights)
        return x[:, 0] if self.members == 1 else x[:, :, 0].mean(0)


class Encoder:
    """Genomes to codes: a template that holds the form, and for each gene the columns that its bits count from."""

    def __init__(self, extra):
        places = extra["columns"]
        self.template = torch.tensor(extra["template"], dtype=torch.float32)
        self.gene = torch.tensor([gene for gene, starts in enumerate(places) for _ in starts])
        self.place = torch.tensor([start for starts in places for start in starts])

    def __call__(self, genomes):
        """genomes [rows, genes], bit-widths"""
        codes = self.template.repeat(len(genomes), 1)
        return codes.scatter_(1, genomes[:, self.gene] + self.place, 1.0)


class Search(Problem):
    """Most predicted accuracy inside the windows of average bits; a whole generation is evaluated in one call."""

    def __init__(self, tensors, extra, with_bit_operations):
        axes = extra["axes"]
        choices = [bits for axis in axes for bits in axis["choices"]]
        lowest, highest = (np.array([end(bits) for bits in choices]) for end in (min, max))
        super().__init__(n_var=len(choices), n_obj=2 if with_bit_operations else 1, n_ieq_constr=4, xl=lowest, xu=highest, vtype=int)
        self.predictor, self.encode = Predictor(tensors, extra), Encoder(extra)
        self.masses = np.zeros((len(choices), 2))
        start = 0
        for column, axis in enumerate(axes):
            self.masses[start : start + len(axis["masses"]), column] = axis["masses"]
            start += len(axis["masses"])
        self.held, self.low, self.high = (np.array(values) for values in zip(*((a["heldSum"], a["window"]["low"], a["window"]["high"]) for a in axes)))
        self.unit = self.masses.sum(0)
        # BitOps = sum of MACs x weight bits x activation bits; genes of a layer, -1 for the fixed 8 bits.
        self.macs = np.array([layer["macs"] for layer in extra["layers"]], dtype=float)
        self.genes = [np.array([layer[key] for layer in extra["layers"]]) for key in ("weightGene", "activationGene")]
        self.with_bit_operations = with_bit_operations
        self.evaluations, self.predicting = 0, 0.0

    def _evaluate(self, x, out, *args, **kwargs):
        started = time.perf_counter()
        accuracy = self.predictor(self.encode(torch.from_numpy(x.astype(np.int64)))).numpy()
        self.predicting += time.perf_counter() - started
        self.evaluations += len(x)
        sums = x @ self.masses + self.held
        out["G"] = np.hstack([(sums - self.high) / self.unit, (self.low - sums) / self.unit])
        if self.with_bit_operations:
            padded = np.hstack([x, np.full((len(x), 1), 8)])
            weights, activations = (padded[:, genes] for genes in self.genes)
            out["F"] = np.column_stack([-accuracy, (weights * activations) @ self.macs])
        else:
            out["F"] = -accuracy[:, None]


class DrawAnew(Mutation):
    """Each gene is drawn anew with a probability: the mutation of the paper, over the whole generation at once."""

    def __init__(self, probability):
        super().__init__(prob=1.0)
        self.probability = probability

    def _do(self, problem, x, random_state=None, **kwargs):
        random = random_state if random_state is not None else np.random.default_rng()
        anew = random.integers(problem.xl, problem.xu + 1, x.shape)
        return np.where(random.random(x.shape) < self.probability, anew, x)


def search(kind, tensors, extra, seed):
    problem = Search(tensors, extra, kind == "nsga2-bitops")
    # Ours draws its first generation inside the windows; the peer is given it.
    options = {
        "pop_size": extra["population"],
        "sampling": tensors["genomes"].numpy().astype(int),
        "crossover": UX(prob=0.5),
        "mutation": DrawAnew(extra["mutation"]),
    }
    algorithm = GA(**options) if kind == "ga" else NSGA2(**options)
    result = minimize(problem, algorithm, ("n_gen", extra["generations"] + 1), seed=seed, verbose=False)
    return problem, None if result.F is None else -float(np.atleast_2d(result.F)[:, 0].min())


def check(tensors, extra):
    """Largest difference of codes and of predictions from ours, over our first generation."""
    codes = Encoder(extra)(tensors["genomes"].long())
    accuracies = Predictor(tensors, extra)(codes)
    say(
        {
            "torch": torch.__version__,
            "numpy": np.__version__,
            "pymoo": pymoo.__version__,
            "codes": (codes - tensors["codes"]).abs().max().item(),
            "predictions": (accuracies - tensors["fitness"]).abs().max().item(),
        }
    )


def main():
    kind, directory, predictor, threads = sys.argv[1:5]
    torch.set_num_threads(int(threads))
    tensors, extra = read_blob(directory, f"search-{predictor}")
    if kind == "check":
        return check(tensors, extra)
    say({"ready": True})
    seed = 1
    for line in sys.stdin:
        searches = []
        for _ in range(int(line)):
            started, cpu_started = time.perf_counter(), time.process_time()
            problem, best = search(kind, tensors, extra, seed)
            searches.append(
                {
                    "milliseconds": (time.perf_counter() - started) * 1e3,
                    "cpuMilliseconds": (time.process_time() - cpu_started) * 1e3,
                    "predicting": problem.predicting * 1e3,
                    "evaluations": problem.evaluations,
                    "best": best,
                }
            )
            seed += 1
        say({"searches": searches, "peakMegabytes": peak_megabytes()})


if __name__ == "__main__":
    main()
