"""The network of the benchmark in PyTorch, read from the files that bench/blob.ts writes."""

import json
import math
import os

import torch
import torch.nn.functional as F


def read_blob(directory, name):
    with open(os.path.join(directory, name + ".json"), encoding="utf-8") as file:
        description = json.load(file)
    with open(os.path.join(directory, name + ".bin"), "rb") as file:
        memory = bytearray(file.read())
    tensors = {}
    for key, entry in description["tensors"].items():
        dtype = torch.float32 if entry["dtype"] == "float32" else torch.int32
        data = torch.frombuffer(memory, dtype=dtype, count=math.prod(entry["shape"]), offset=entry["offset"] * 4)
        tensors[key] = data.reshape(entry["shape"]).clone()
    return tensors, description["extra"]


def outputs_first(weights):
    """HWIO to OIHW in channels_last memory, [in, out] to [out, in]."""
    if weights.dim() == 4:
        return weights.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    return weights.t().contiguous()


class Net:
    """The network of the problem, layer by layer; quantizers are put in by the two hooks of `forward`."""

    def __init__(self, tensors, layers):
        self.layers = layers
        self.parameters, self.running = {}, {}
        for layer in layers:
            for part in ("weights", "bias", "gamma", "beta"):
                key = f"{layer['name']}/{part}"
                if key in tensors:
                    value = outputs_first(tensors[key]) if part == "weights" else tensors[key]
                    self.parameters[key] = value.requires_grad_()
            for part in ("mean", "variance"):
                key = f"{layer['name']}/{part}"
                if key in tensors:
                    self.running[key] = tensors[key]
        self.quantized = [layer["name"] for layer in layers if layer["kind"] in ("conv", "linear")]
        readers = [name for layer in layers for name in layer["inputs"]]
        # The result of an Add is nobody else's: its ReLU may write into it. So may the one behind a BN.
        self.alone = {name for name in readers if readers.count(name) == 1}

    def forward(self, images, activation=None, weights=None):
        values, result = {}, images
        for layer in self.layers:
            name, kind = layer["name"], layer["kind"]
            inputs = [values[source] for source in layer["inputs"]]
            if kind == "input":
                result = images
            elif kind in ("conv", "linear"):
                w, bias = self.parameters[f"{name}/weights"], self.parameters.get(f"{name}/bias")
                w = weights(name, w) if weights else w
                if kind == "conv":
                    result = F.conv2d(inputs[0], w, bias, tuple(layer["stride"]), tuple(layer["padding"][::2]), 1, layer["groups"])
                else:
                    result = F.linear(inputs[0], w, bias)
            elif kind == "batchnorm":
                mean, variance = self.running[f"{name}/mean"], self.running[f"{name}/variance"]
                gamma, beta = self.parameters[f"{name}/gamma"], self.parameters[f"{name}/beta"]
                result = F.batch_norm(inputs[0], mean, variance, gamma, beta, True, 0.1, layer["epsilon"])
            elif kind == "relu":
                inplace = layer["inputs"][0] in self.alone
                result = F.hardtanh(inputs[0], 0, layer["max"], inplace) if "max" in layer else F.relu(inputs[0], inplace=inplace)
            elif kind == "add":
                result = inputs[0] + inputs[1]
            elif kind == "globalpool":
                result = inputs[0].mean((2, 3))
            else:
                raise NotImplementedError(f"Layer '{name}' is of kind '{kind}', which the peer does not compute.")
            if activation:
                result = activation(name, result)
            values[name] = result
        return result
