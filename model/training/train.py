"""Trains the network on one CPU core. Needs: pip install torch numpy

Matrices are trained with Muon (orthogonalised momentum), the embedding with Adam. The last part runs on
fake-quantised weights and activations, so that the exported int8 model answers as the trained one does.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from network import Config, Network


def orthogonalise(g: torch.Tensor) -> torch.Tensor:
    """Five Newton-Schulz steps towards the nearest orthogonal matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (g / (g.norm() + 1e-7)).bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(5):
        y = x @ x.T
        x = a * x + (b * y + c * y @ y) @ x
    return (x.T if tall else x).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr: float, momentum: float = 0.95, decay: float = 0.01) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p].setdefault("m", torch.zeros_like(p))
                state.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalise(p.grad.lerp(state, group["momentum"]))
                p.mul_(1 - group["lr"] * group["decay"])
                p.add_(update, alpha=-group["lr"] * math.sqrt(max(1.0, p.shape[0] / p.shape[1])))


def batches(corpus, rng: np.random.Generator, size: int):
    """Endless batches of similar length, about `size` tokens each, padded with zeros of weight zero."""
    ids, weights, lengths = corpus["ids"], corpus["weights"], corpus["lengths"]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    while True:
        order = rng.permutation(len(lengths))
        for chunk in np.array_split(order, max(1, len(order) // 4000)):
            chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
            groups, group = [], []
            for i in chunk:
                if group and (len(group) + 1) * lengths[i] > size:
                    groups.append(group)
                    group = []
                group.append(i)
            groups.append(group)
            for g in rng.permutation(len(groups)):
                rows = groups[g]
                width = int(lengths[rows].max())
                x = np.zeros((len(rows), width), dtype=np.int64)
                w = np.zeros((len(rows), width), dtype=np.float32)
                for r, i in enumerate(rows):
                    x[r, : lengths[i]] = ids[starts[i] : starts[i] + lengths[i]]
                    w[r, : lengths[i]] = weights[starts[i] : starts[i] + lengths[i]]
                yield torch.from_numpy(x), torch.from_numpy(w) / 10


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare.py wrote")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--quantised-from", type=float, default=0.75, help="fraction of the time after which weights are fake-quantised")
    parser.add_argument("--batch", type=int, default=6000, help="tokens")
    parser.add_argument("--muon", type=float, default=0.02)
    parser.add_argument("--adam", type=float, default=0.004)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--decay", type=float, default=0.6, help="fraction of the time over which the rates fall to zero")
    parser.add_argument("--seed", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    corpus = np.load(args.data / "corpus.npz")
    corpus = {name: corpus[name] for name in corpus.files}
    config = Config()
    network = Network(config)
    if args.resume:
        network.load_state_dict(torch.load(args.resume)["weights"])
    matrices = [p for name, p in network.named_parameters() if name != "embedding"]
    muon = Muon(matrices, args.muon)
    adam = torch.optim.AdamW([network.embedding], lr=args.adam, betas=(0.9, 0.98), weight_decay=0.0)
    print(f"{sum(p.numel() for p in network.parameters())} parameters", flush=True)
    begin, seen, saved = time.monotonic(), 0, 0.0
    source = batches(corpus, np.random.default_rng(args.seed), args.batch)
    for step in range(args.steps):
        done = (time.monotonic() - begin) / (60 * args.minutes)
        if done >= 1:
            break
        if done >= args.quantised_from and not network.quantised:
            network.quantise(True)
            print("fake quantisation on", flush=True)
        factor = min(1.0, (step + 1) / 50) * min(1.0, (1 - done) / args.decay + 0.01)
        muon.param_groups[0]["lr"] = args.muon * factor
        adam.param_groups[0]["lr"] = args.adam * factor
        x, w = next(source)
        weight = w[:, 1:].reshape(-1)
        counted = weight > 0
        weight = weight[counted]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(x[:, :-1], counted)
        loss = F.cross_entropy(logits.float(), x[:, 1:].reshape(-1)[counted], reduction="none")
        loss = (loss * weight).sum() / weight.sum()
        muon.zero_grad(set_to_none=True)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([network.embedding], 1.0)
        muon.step()
        adam.step()
        seen += x.numel()
        if step % 20 == 0:
            seconds = time.monotonic() - begin
            print(f"step {step} loss {loss.item():.4f} tokens {seen} rate {seen / seconds:.0f}/s done {done:.3f}", flush=True)
        if done - saved > 0.1:
            saved = done
            torch.save({"config": config.to_dict(), "weights": network.state_dict()}, args.data / "checkpoint.pt")
    torch.save({"config": config.to_dict(), "weights": network.state_dict()}, args.data / "final.pt")


if __name__ == "__main__":
    main()
