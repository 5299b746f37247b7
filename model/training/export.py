"""Quantises a checkpoint to int8 and writes the model folder. Needs: pip install torch numpy"""

import argparse
import hashlib
import json
import re
import struct
from pathlib import Path

import torch

from network import Config, rope_tables

NAME = "countersign-demo-2m"


def int8_rows(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row to int8 with one scale: the same rule as in training."""
    scale = weight.abs().amax(-1).clamp_min(1e-12) / 127
    return torch.round(weight / scale[:, None]).to(torch.int8), scale.float()


def tensors(weights: dict[str, torch.Tensor], config: Config) -> dict[str, torch.Tensor]:
    out: dict[str, torch.Tensor] = {}

    def put(name: str, weight: torch.Tensor) -> None:
        out[f"{name}.weight"], out[f"{name}.scale"] = int8_rows(weight)

    put("embedding", weights["embedding"])
    for i in range(config.layers):
        block = f"blocks.{i}"
        parts = [weights[f"{block}.{part}.weight"] for part in ("query", "key", "value")]
        put(f"layers.{i}.attention.query_key_value", torch.cat(parts))
        put(f"layers.{i}.attention.output", weights[f"{block}.output.weight"])
        put(f"layers.{i}.feed_forward.up", weights[f"{block}.up.weight"])
        put(f"layers.{i}.feed_forward.down", weights[f"{block}.down.weight"])
    out["rotary.cosines"], out["rotary.sines"] = rope_tables(config)
    return out


def write_safetensors(path: Path, items: dict[str, torch.Tensor]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    chunks: list[bytes] = []
    offset = 0
    for name, tensor in items.items():
        data = tensor.contiguous().numpy().tobytes()
        kind = "I8" if tensor.dtype == torch.int8 else "F32"
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    saved = torch.load(args.checkpoint)
    config = Config(**saved["config"])
    args.out.mkdir(parents=True, exist_ok=True)
    write_safetensors(args.out / "model.safetensors", tensors(saved["weights"], config))
    shape = {
        "name": NAME,
        "model_type": "countersign",
        "quantization": "int8",
        "vocab_size": config.vocabulary,
        "max_position_embeddings": config.context,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "hidden_act": "relu2",
        "rms_norm_eps": 1e-6,
        "attention_scale": config.attention_scale,
        "tie_word_embeddings": True,
    }
    (args.out / "config.json").write_text(json.dumps(shape, indent=2) + "\n")
    # One merge and one entry a line would be twice as long; compact, but with the merges on lines for readable diffs.
    tokenizer = json.loads(args.tokenizer.read_text())
    text = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    text = re.sub(r'(\["[^\]]*?"\],)', r"\1\n", text)
    (args.out / "tokenizer.json").write_text(text + "\n")
    digest = hashlib.sha256((args.out / "model.safetensors").read_bytes()).hexdigest()
    readme = args.out / "README.md"
    if readme.exists():
        readme.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{digest}", readme.read_text()))
    print(f"model.safetensors sha256:{digest}")


if __name__ == "__main__":
    main()
