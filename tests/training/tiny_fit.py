"""A run of milliseconds; as a program, runs that are killed at every awkward moment and continued."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator, DataLoaderConfiguration
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bgbias_core.training import loop
from bgbias_core.training.config import Optimisation
from bgbias_core.training.history import Epoch

_OPTIMISATION = Optimisation(epochs=4, batch_size=8, learning_rate=0.1, warmup_epochs=1, mixed_precision="no")


def _step(model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    points, sides = batch
    noisy = points + 0.1 * torch.randn_like(points)  # as augmentation does: from torch's own generator
    logits = model(noisy).squeeze(1)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, sides)
    return loss, ((logits > 0) == (sides > 0.5)).float().mean()


def run_tiny(
    folder: Path,
    *,
    monitors: Mapping[str, Callable[[nn.Module], float]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Epoch], nn.Linear]:
    """Four epochs of eight steps that learn on which side of a line a point lies."""
    random = torch.Generator().manual_seed(0)
    points = torch.randn(64, 2, generator=random)
    sides = (points[:, 0] > points[:, 1]).float()
    torch.manual_seed(1)
    model = nn.Linear(2, 1)
    accelerator = Accelerator(
        cpu=True, dataloader_config=DataLoaderConfiguration(use_seedable_sampler=True, data_seed=0)
    )

    def right(model: nn.Module) -> float:
        with torch.no_grad():
            return float(((model(points).squeeze(1) > 0) == (sides > 0.5)).float().mean())

    history = loop.fit(
        model,
        DataLoader(TensorDataset(points, sides), batch_size=8, shuffle=True),
        _step,
        monitors or {"ID": right, "OOD": lambda _: 0.5},
        _OPTIMISATION,
        accelerator=accelerator,
        folder=folder,
        seed=0,
        progress=progress,
    )
    return history, model


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _between_steps(folder: Path) -> None:
    run_tiny(folder, progress=lambda done, _: _die() if done == 19 else None)


def _at_the_first_step(folder: Path) -> None:
    run_tiny(folder, progress=lambda *_: _die())


def _while_the_state_is_written(folder: Path) -> None:
    save_state = Accelerator.save_state

    def half(self: Accelerator, output: str) -> None:
        save_state(self, output)
        if output.endswith("state-3"):
            for file in Path(output).iterdir():
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
            _die()

    Accelerator.save_state = half  # type: ignore[method-assign]
    run_tiny(folder)


def _while_a_file_is_written(name: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        replace_file, count = loop.replace_file, 0

        def half(path: Path, write: Callable[[Path], object]) -> None:
            def write_and_die(part: Path) -> None:
                nonlocal count
                write(part)
                count += path.name == name
                if count == 3:
                    part.write_bytes(part.read_bytes()[:20])
                    _die()

            replace_file(path, write_and_die)

        loop.replace_file = half
        run_tiny(folder)

    return run


def _before_the_old_state_goes(folder: Path) -> None:
    rmtree = loop.shutil.rmtree
    loop.shutil.rmtree = lambda path, **options: _die() if "state-2" in str(path) else rmtree(path, **options)
    run_tiny(folder)


KILLS: dict[str, Callable[[Path], None]] = {
    "at the first step": _at_the_first_step,
    "between steps": _between_steps,
    "while the state is written": _while_the_state_is_written,
    "while the best weights are written": _while_a_file_is_written("best.safetensors"),
    "while the history is written": _while_a_file_is_written("history.json"),
    "before the old state goes": _before_the_old_state_goes,
}


def _in_a_fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _end(folder: Path) -> None:
    history, model = run_tiny(folder)
    end = {
        "weights": model.weight.tolist(),
        "history": [{**asdict(entry), "seconds": 0} for entry in history],
        "left": sorted(path.name for path in folder.iterdir()),
    }
    folder.with_suffix(".json").write_text(json.dumps(end))


def main(root: Path) -> None:
    """Forked before torch starts a thread, so that torch is imported once for all of them."""
    torch.set_num_threads(1)
    ends = {}
    for number, (moment, kill) in enumerate([("never", None), *KILLS.items()]):
        folder = root / str(number)
        folder.mkdir()
        killed = kill is not None and _in_a_fork(lambda kill=kill, folder=folder: kill(folder)) == -signal.SIGKILL
        _in_a_fork(lambda folder=folder: _end(folder))
        ends[moment] = {"killed": killed, **json.loads(folder.with_suffix(".json").read_text())}
    sys.stdout.write(json.dumps(ends) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
