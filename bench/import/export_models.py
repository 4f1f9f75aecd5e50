"""Writes randomly initialised torchvision networks as ONNX, with both of PyTorch's exporters.

usage: python export_models.py FOLDER
"""

import sys
from pathlib import Path

import torch
import torchvision

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)


def settle(model):
    """BN statistics of real use: a fresh network has mean 0 and variance 1 everywhere, which hides mistakes."""
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(4, 3, 96, 96))
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
    return model.eval()


for name in ["resnet18", "mobilenet_v2", "efficientnet_b0"]:
    model = settle(getattr(torchvision.models, name)(weights=None))
    x = torch.randn(1, 3, 224, 224)
    # what a plain call does today: TorchDynamo, weights in a file beside the model
    torch.onnx.export(model, (x,), folder / f"{name}.onnx", dynamo=True)
    # the older exporter with one file, BN kept, and a free batch
    torch.onnx.export(
        model,
        (x,),
        folder / f"{name}-bn.onnx",
        dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
        opset_version=17,
        input_names=["input"],
        output_names=["logits"],
        dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
    )
    print(name, "written", flush=True)
