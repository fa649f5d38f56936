"""A ViT of two narrow blocks, and the ONNX file that an exporter would make of it."""

from __future__ import annotations

from pathlib import Path

import onnx
import timm
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from bgbias_core.models import BACKBONES

SPEC = BACKBONES["focus-vit-small"]


def small_vit() -> dict[str, Tensor]:
    """Tensors of a ViT of two narrow blocks, all different."""
    torch.manual_seed(0)
    network = timm.create_model(SPEC.timm_name, num_classes=0, img_size=42, embed_dim=24, depth=2, num_heads=3)
    return {name: torch.randn_like(value) for name, value in network.state_dict().items()}


def as_onnx(state: dict[str, Tensor], path: Path) -> Path:
    """Write a ViT the way the package's exporter does: matrices transposed, numbered, told apart by their node."""
    stored, nodes = [], []

    def keep(name: str, value: Tensor) -> str:
        stored.append(numpy_helper.from_array(value.contiguous().numpy(), name))
        return name

    def multiply(node: str, weight: Tensor) -> None:
        nodes.append(helper.make_node("MatMul", ["x", keep(f"onnx::MatMul_{len(stored)}", weight.T)], ["y"], name=node))

    keep("backbone.embeddings.cls_token", state["cls_token"])
    for name in ("weight", "bias"):
        keep(f"backbone.embeddings.patch_embeddings.projection.{name}", state[f"patch_embed.proj.{name}"])
        keep(f"backbone.layernorm.{name}", state[f"norm.{name}"])
    for node, value in (("Concat_6", state["pos_embed"][:, :1]), ("Reshape_1", state["pos_embed"][:, 1:])):
        nodes.append(
            helper.make_node("Any", [keep(f"onnx::{node}", value), "x"], ["y"], name=f"/backbone/embeddings/{node}")
        )
    for index in range(2):
        here, name = f"blocks.{index}", f"backbone.encoder.layer.{index}"
        path_of = f"/backbone/encoder/layer.{index}"
        parts = zip(*(state[f"{here}.attn.qkv.{one}"].chunk(3) for one in ("weight", "bias")), strict=True)
        # The exporter computes keys first.
        for part, (weight, bias) in sorted(zip(("query", "key", "value"), parts, strict=True)):
            multiply(f"{path_of}/attention/attention/{part}/MatMul", weight)
            keep(f"{name}.attention.attention.{part}.bias", bias)
        for mine, theirs in (("attn.proj", "attention.output.dense"), ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2")):
            multiply(f"{path_of}/{theirs.replace('.', '/')}/MatMul", state[f"{here}.{mine}.weight"])
            keep(f"{name}.{theirs}.bias", state[f"{here}.{mine}.bias"])
        for norm in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"):
            keep(f"{name}.{norm}", state[f"{here}.{norm}"])
        for scale in "12":
            keep(f"{name}.layer_scale{scale}.lambda1", state[f"{here}.ls{scale}.gamma"])
    keep("decoder.final_conv.bias", torch.zeros(1))
    pixels = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    onnx.save(helper.make_model(helper.make_graph(nodes, "vit", [pixels], [], stored)), path)
    return path
