"""Whether every published backbone trains under every strategy: ``python -m benchmarks.grid [--only NAME]...``.

Builds each classifier with random weights at reduced size, takes two training steps of two pictures, and prints the
parameters (trained ones), the peak memory of the process (Python and PyTorch included) and the seconds of the second
step on one core: time computed, not waited, so that what else the machine does matters little. Each row runs in a
process of its own, one after another.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the first process stays small: what it holds would count as the peak of those it starts
    from torch.optim import Optimizer

    from bgbias_core.models import MaskedClassifier, StrategyName

SIZES = {
    "convnext-small": 128,
    "convnext-base": 128,
    "convnext-large": 128,
    "dinov2-vit-small": 112,
    "dinov2-vit-base": 112,
    "dinov2-vit-large": 112,
}
"""Side in pixels: the smallest whose last grid carries an outline (4×4 cells) or that whole patches fill."""
STRATEGIES = ("unmasked", "early", "late")
MODES = ("frozen", "fine-tuned")
CLASSES = 200
BATCH = 2


def build(name: str, strategy: StrategyName, mode: str) -> tuple[MaskedClassifier, Optimizer]:
    """A classifier with random weights, and an optimiser over what ``mode`` trains."""
    import torch

    from bgbias_core.models import BACKBONES, MaskedClassifier, Strategy, load_backbone

    torch.manual_seed(0)
    spec = BACKBONES[name]
    network, _ = load_backbone(name, SIZES[name], "random")
    network.requires_grad_(mode == "fine-tuned")
    classifier = MaskedClassifier(
        network,
        CLASSES,
        Strategy(name=strategy),
        size=SIZES[name],
        pooling=spec.pooling,
        region="foreground" if strategy == "late" else "all",
        mean=spec.mean,
        std=spec.std,
        head_norm=spec.head_norm,
    ).train()
    trained = [value for value in classifier.parameters() if value.requires_grad]
    return classifier, torch.optim.AdamW(trained, lr=1e-3)


def step(classifier: MaskedClassifier, optimiser: Optimizer, size: int) -> float:
    """Take one training step on random pictures whose object fills the middle; the loss before it."""
    import torch
    from torch.nn import functional

    images, masks = torch.rand(BATCH, 3, size, size), torch.zeros(BATCH, 1, size, size)
    masks[..., size // 4 : -size // 4, size // 4 : -size // 4] = 1
    loss = functional.cross_entropy(classifier(images, masks), torch.arange(BATCH))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


def measure(name: str, strategy: StrategyName, mode: str) -> dict[str, float]:
    """Build, step twice, and say what it took."""
    import torch

    torch.set_num_threads(1)
    classifier, optimiser = build(name, strategy, mode)
    seconds = 0.0
    for _ in range(2):
        started = time.process_time()
        step(classifier, optimiser, SIZES[name])
        seconds = time.process_time() - started
    return {
        "parameters": sum(value.numel() for value in classifier.parameters()),
        "trained": sum(value.numel() for value in classifier.parameters() if value.requires_grad),
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "seconds": seconds,
    }


def main() -> None:
    """Print the table row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=SIZES, help="a backbone; all without it")
    parser.add_argument("--row", nargs=3, metavar=("NAME", "STRATEGY", "MODE"), help="measure one row, as JSON")
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(*arguments.row)))
        return
    print("| backbone | px | strategy | backbone is | parameters | trained | peak memory | core seconds a step |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.only or SIZES:
        for strategy in STRATEGIES:
            for mode in MODES:
                command = [sys.executable, "-m", "benchmarks.grid", "--row", name, strategy, mode]
                row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 (this file)
                print(
                    f"| {name} | {SIZES[name]} | {strategy} | {mode} | {row['parameters'] / 1e6:.1f} M "
                    f"| {row['trained'] / 1e6:.2f} M | {row['bytes'] / 1e9:.2f} GB | {row['seconds']:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
