"""The network as PyTorch sees it. The engine in src/engine computes the same function in exact arithmetic."""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    vocabulary: int = 1024
    context: int = 1024
    width: int = 192
    layers: int = 4
    heads: int = 6
    hidden: int = 768
    rope_base: float = 10000.0
    attention_scale: float = 0.4

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def norm(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)


def fake_int8(x: torch.Tensor) -> torch.Tensor:
    """Rounds each last-axis row to int8 with one scale; gradients pass straight through."""
    with torch.no_grad():
        scale = x.abs().amax(-1, keepdim=True).clamp_min(1e-12) / 127
        rounded = torch.round(x / scale) * scale
    return x + (rounded - x).detach()


def rope_tables(config: Config) -> tuple[torch.Tensor, torch.Tensor]:
    half = config.width // config.heads // 2
    frequency = config.rope_base ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(config.context, dtype=torch.float64)[:, None] * frequency[None, :]
    return angle.cos().float(), angle.sin().float()


class Linear(nn.Module):
    def __init__(self, inputs: int, outputs: int, zero: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs) if zero else torch.randn(outputs, inputs) * inputs**-0.5)
        self.quantised = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(fake_int8(x), fake_int8(self.weight)) if self.quantised else F.linear(x, self.weight)


class Block(nn.Module):
    def __init__(self, c: Config) -> None:
        super().__init__()
        self.c = c
        self.query, self.key, self.value = (Linear(c.width, c.width) for _ in range(3))
        self.output = Linear(c.width, c.width, zero=True)
        self.up = Linear(c.width, c.hidden)
        self.down = Linear(c.hidden, c.width, zero=True)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        size = width // self.c.heads
        h = norm(x)
        q, k, v = (f(h).view(batch, length, self.c.heads, size).transpose(1, 2) for f in (self.query, self.key, self.value))
        q, k = rotate(norm(q), cos, sin), rotate(norm(k), cos, sin)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self.c.attention_scale)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.relu(self.up(norm(x))).square())


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Network(nn.Module):
    def __init__(self, c: Config) -> None:
        super().__init__()
        self.c = c
        self.embedding = nn.Parameter(torch.randn(c.vocabulary, c.width) * 0.02)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        cos, sin = rope_tables(c)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.quantised = False

    def quantise(self, on: bool) -> None:
        self.quantised = on
        for module in self.modules():
            if isinstance(module, Linear):
                module.quantised = on

    def forward(self, ids: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        """Logits at every position, or only at those that count for the loss (a mask over the flattened batch)."""
        table = fake_int8(self.embedding) if self.quantised else self.embedding
        x = norm(F.embedding(ids, table))
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, cos, sin)
        h = norm(x)
        if counted is not None:
            h = h.reshape(-1, h.shape[-1])[counted]
        return F.linear(fake_int8(h) if self.quantised else h, table)
