"""The training loop: any model, any loss, on whatever machine Accelerate finds itself on."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import timm.optim
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from bgbias_core.paths import replace_file
from bgbias_core.training.config import Optimisation

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave.

    Attributes:
        epoch: Number, from 1.
        loss: Mean training loss.
        score: Validation score; higher is better.
        seconds: Wall-clock time with validation.
    """

    epoch: int
    loss: float
    score: float
    seconds: float


def fit(
    model: nn.Module,
    batches: DataLoader[Any],
    loss: Callable[[nn.Module, Any], Tensor],
    score: Callable[[nn.Module], float],
    optimisation: Optimisation,
    *,
    accelerator: Accelerator,
    folder: Path,
    seed: int,
    progress: Progress | None = None,
) -> list[Epoch]:
    """Train a model; afterwards it holds the weights of the epoch that validated best.

    After every epoch the run's whole state lies in ``folder``, so that a run which was stopped continues where it was
    and ends, on the same device, with the same numbers as one that was not.

    Args:
        model: The network.
        batches: Shuffling loader of training batches.
        loss: From the network and a batch to a scalar.
        score: Validation score of the network; of equal epochs the later wins.
        optimisation: Optimiser, schedule and length.
        accelerator: Device, precision and processes.
        folder: The run's folder.
        seed: Fixes order and augmentation of every epoch.
        progress: Called with (steps done, steps in all).

    Returns:
        One entry an epoch.
    """
    optimizer = timm.optim.create_optimizer_v2(
        model, "adamw", lr=optimisation.learning_rate, weight_decay=optimisation.weight_decay, betas=optimisation.betas
    )
    scheduler = LambdaLR(optimizer, _warmup_cosine(len(batches), optimisation))
    network, optimizer, batches, scheduler = accelerator.prepare(model, optimizer, batches, scheduler)
    history = _resume(accelerator, folder)
    total = optimisation.epochs * len(batches)
    for epoch in range(len(history), optimisation.epochs):
        started = time.monotonic()
        set_seed(seed + epoch, device_specific=True)
        batches.set_epoch(epoch)  # type: ignore[attr-defined]  # Accelerate's loader has it
        network.train()
        losses = []
        for step, batch in enumerate(batches, start=1):
            with accelerator.autocast():
                value = loss(network, batch)
            accelerator.backward(value)
            accelerator.clip_grad_norm_(network.parameters(), optimisation.clip)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            losses.append(value.detach())
            if progress is not None:
                progress(epoch * len(batches) + step, total)
        network.eval()
        reached = score(network)
        mean_loss = float(accelerator.reduce(torch.stack(losses).mean().float(), "mean"))
        history.append(Epoch(epoch + 1, mean_loss, reached, time.monotonic() - started))
        _keep(accelerator, model, folder, history)
    model.load_state_dict(load_file(folder / "best.safetensors"))
    return history


def _warmup_cosine(steps_an_epoch: int, optimisation: Optimisation) -> Callable[[int], float]:
    total = optimisation.epochs * steps_an_epoch
    warmup = min(round(optimisation.warmup_epochs * steps_an_epoch), total - 1)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))

    return factor


def _resume(accelerator: Accelerator, folder: Path) -> list[Epoch]:
    record = folder / "history.json"
    if not record.is_file():
        return []
    history = [Epoch(**entry) for entry in json.loads(record.read_text())]
    accelerator.load_state(str(folder / f"state-{len(history)}"))
    return history


def _keep(accelerator: Accelerator, model: nn.Module, folder: Path, history: list[Epoch]) -> None:
    """Write the state first and then, in one step, the history that points to it."""
    done = len(history)
    accelerator.save_state(str(folder / f"state-{done}"))
    if accelerator.is_main_process:
        if history[-1].score >= max(entry.score for entry in history):
            replace_file(folder / "best.safetensors", lambda path: save_file(_tensors(model), path))
        record = json.dumps([asdict(entry) for entry in history], indent=1)
        replace_file(folder / "history.json", lambda path: path.write_text(record))
        shutil.rmtree(folder / f"state-{done - 1}", ignore_errors=True)
    accelerator.wait_for_everyone()


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
