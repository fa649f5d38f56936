"""The training loop: any model, any loss, on whatever machine Accelerate finds itself on."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from bgbias_core.paths import replace_file
from bgbias_core.training.config import Optimisation
from bgbias_core.training.history import Epoch, LiveWriter, read_history

Progress = Callable[[int, int], None]
Step = Callable[[nn.Module, Any], tuple[Tensor, Tensor]]
"""From the network and a batch to two scalars: the loss, and a score of which higher is better."""


def fit(
    model: nn.Module,
    batches: DataLoader[Any],
    step: Step,
    monitors: Mapping[str, Callable[[nn.Module], float]],
    optimisation: Optimisation,
    *,
    accelerator: Accelerator,
    folder: Path,
    seed: int,
    rate_of: Callable[[str], float] = lambda _: 1.0,
    progress: Progress | None = None,
) -> list[Epoch]:
    """Train a model; afterwards it holds the weights of the epoch that the first monitor liked best.

    After every epoch the run's whole state lies in ``folder``, so that a run which was stopped, at any moment and in
    any way, continues where it was and ends, on the same device, with the same numbers as one that was not. What is
    frozen (modules none of whose parameters takes a gradient) stays in eval mode.

    Args:
        model: The network.
        batches: Shuffling loader of training batches.
        step: Loss and score of one batch.
        monitors: Scores of the network after each epoch, by name; the first chooses the epoch (of equal ones the
            later wins), the others are only watched.
        optimisation: Optimiser, schedule and length.
        accelerator: Device, precision and processes.
        folder: The run's folder.
        seed: Fixes order and augmentation of every epoch.
        rate_of: Share of the learning rate by which a parameter learns, from its name.
        progress: Called with (steps done, steps in all).

    Returns:
        One entry an epoch.

    Raises:
        ConfigError: The folder holds the record of an earlier version.
    """
    optimizer = torch.optim.AdamW(_groups(model, optimisation, rate_of), betas=optimisation.betas)
    scheduler = LambdaLR(optimizer, _warmup_cosine(len(batches), optimisation))
    network, optimizer, batches, scheduler = accelerator.prepare(model, optimizer, batches, scheduler)
    history = _resume(accelerator, folder)
    total = optimisation.epochs * len(batches)
    for epoch in range(len(history), optimisation.epochs):
        started = time.monotonic()
        set_seed(seed + epoch, device_specific=True)
        batches.set_epoch(epoch)  # type: ignore[attr-defined]  # Accelerate's loader has it
        _train_mode(network)
        live = LiveWriter(folder, epoch + 1, len(batches), optimisation.epochs) if accelerator.is_main_process else None
        reached = []
        for number, batch in enumerate(batches, start=1):
            with accelerator.autocast():
                loss, score = step(network, batch)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(network.parameters(), optimisation.clip)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            reached.append(torch.stack([loss.detach().float(), score.detach().float()]))
            if live is not None:
                live.tick(reached)
            if progress is not None:
                progress(epoch * len(batches) + number, total)
        network.eval()
        scores = {name: monitor(network) for name, monitor in monitors.items()}
        mean_loss, accuracy = accelerator.reduce(torch.stack(reached).mean(dim=0), "mean").tolist()
        history.append(Epoch(epoch + 1, mean_loss, accuracy, scores, time.monotonic() - started))
        _keep(accelerator, model, folder, history)
    model.load_state_dict(load_file(folder / "best.safetensors"))
    return history


def _groups(model: nn.Module, optimisation: Optimisation, rate_of: Callable[[str], float]) -> list[dict[str, Any]]:
    """Parameters by what they have in common: how fast they learn, and whether they decay (biases and norms do not)."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = optimisation.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((decay, rate_of(name)), []).append(parameter)
    return [
        {"params": groups[decay, rate], "lr": optimisation.learning_rate * rate, "weight_decay": decay}
        for decay, rate in sorted(groups)
    ]


def _train_mode(network: nn.Module) -> None:
    network.train()
    for module in network.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def _warmup_cosine(steps_an_epoch: int, optimisation: Optimisation) -> Callable[[int], float]:
    total = optimisation.epochs * steps_an_epoch
    warmup = min(round(optimisation.warmup_epochs * steps_an_epoch), total - 1)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))

    return factor


def _resume(accelerator: Accelerator, folder: Path) -> list[Epoch]:
    """The epochs done, with the state after the last of them loaded; what a killed process left over is removed."""
    history = read_history(folder)
    kept = f"state-{len(history)}"
    if accelerator.is_main_process:
        for part in folder.glob("*.part"):
            part.unlink(missing_ok=True)
        for state in folder.glob("state-*"):
            if state.name != kept or not history:
                shutil.rmtree(state, ignore_errors=True)
    accelerator.wait_for_everyone()
    if history:
        accelerator.load_state(str(folder / kept))
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
