"""Writes the test vectors for tokenizer and chat template with the reference implementations. Needs: pip install tokenizers jinja2"""

import argparse
import hashlib
import json
from pathlib import Path

from jinja2 import Environment
from tokenizers import Tokenizer

TEXTS = [
    "", " ", "a", "What is a receipt?", "what is  a   receipt ?", "REPORT_DATA_MISMATCH", "12345 tokens, 6.5", "naïve café", "日本語のテキスト", "😀👩‍👩‍👧 ok",
    "<|user|> hi <|end|>", "line one\nline two\r\n\ttabbed  ", "don't; won't; it's", "sha256:e3b0c44298fc1c14", "SEV-SNP, TDX and Nitro Enclaves",
    "https://gw.example.com/log/abc?x=1&y=2", "{\"role\": \"user\", \"content\": \"x\"}", "x" * 50, "éé 𝒳𝒴 \u00a0 \u2028 end", "\ufeffbom", "\u0000\u0001\u007f",
    "The receipt's leaf is included in a checkpoint that is byte-equal to the one in a verified hardware quote.",
]
CHATS = [
    [("user", "What is a receipt?")],
    [("system", "Be brief."), ("user", "hi"), ("assistant", "Hello!"), ("user", "thanks")],
    [("user", "who signed this?"), ("tool", "{\"kid\": \"abc\"}")],
    [("user", "")],
    [("user", " spaces \n and lines \n"), ("assistant", "naïve 日本 😀")],
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    lines = [json.dumps({"text": t, "tokens": tokenizer.encode(t, add_special_tokens=False).ids}) for t in TEXTS]
    (args.out / "tokenizer-vectors.json").write_text("[\n  " + ",\n  ".join(lines) + "\n]\n")
    source = (args.model / "chat_template.jinja").read_text()
    template = Environment(keep_trailing_newline=True).from_string(source)
    cases = []
    for chat in CHATS:
        messages = [{"role": role, "content": content} for role, content in chat]
        text = template.render(messages=messages, add_generation_prompt=True)
        cases.append(json.dumps({"messages": messages, "text": text}))
    digest = hashlib.sha256(source.encode()).hexdigest()
    body = f'{{\n  "template": "sha256:{digest}",\n  "cases": [\n    ' + ",\n    ".join(cases) + "\n  ]\n}\n"
    (args.out / "chat-template-vectors.json").write_text(body)


if __name__ == "__main__":
    main()
