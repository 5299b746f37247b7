"""Trains the byte-level BPE tokenizer and writes the training conversations as token ids. Needs: pip install tokenizers numpy"""

import argparse
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import Generator

SPECIALS = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"]
PATTERN = r" ?[A-Za-z]+|[0-9]| ?[^A-Za-z0-9 \t\r\n]+|[ \t\r\n]+"
WEIGHTS = {"system": 0, "tool": 0, "user": 1, "assistant": 10}  # tenths of the loss


def train_tokenizer(path: Path, size: int, seed: int) -> None:
    generator = Generator(seed)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIALS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    texts = (text for _ in range(20000) for _, text in generator.conversation())
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True, help="folder for tokenizer.json and corpus.npz")
    parser.add_argument("--conversations", type=int, default=240000)
    parser.add_argument("--vocabulary", type=int, default=1024)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep-tokenizer", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "tokenizer.json"
    if not args.keep_tokenizer:
        train_tokenizer(path, args.vocabulary, args.seed)
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    role_token = {role: tokenizer.token_to_id(f"<|{role}|>") for role in WEIGHTS}
    end = tokenizer.token_to_id("<|end|>")
    cache: dict[str, list[int]] = {}
    generator = Generator(args.seed + 1)
    ids: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    for _ in range(args.conversations):
        tokens: list[int] = []
        loss: list[int] = []
        for role, text in generator.conversation():
            piece = cache.get(text)
            if piece is None:
                piece = tokenizer.encode(text, add_special_tokens=False).ids
                if role == "assistant":
                    cache[text] = piece
            tokens += [role_token[role], *piece, end]
            loss += [0] + [WEIGHTS[role]] * len(piece) + [WEIGHTS[role] if role == "assistant" else 0]
        ids.append(np.array(tokens[: args.context], dtype=np.uint16))
        weights.append(np.array(loss[: args.context], dtype=np.uint8))
    lengths = np.array([len(x) for x in ids], dtype=np.int32)
    np.savez(args.out / "corpus.npz", ids=np.concatenate(ids), weights=np.concatenate(weights), lengths=lengths)
    print(f"{len(ids)} conversations, {lengths.sum()} tokens, mean {lengths.mean():.1f}, longest {lengths.max()}")


if __name__ == "__main__":
    main()
