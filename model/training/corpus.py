"""The corpus generator: turns facts/*.txt and outside.txt into conversations. Standard library only.

Run it to see samples:  python corpus.py --show 20
"""

import argparse
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

SINGULAR = [
    "what is {x}", "what is {x}", "what's {x}", "explain {x}", "tell me about {x}", "can you explain {x}", "define {x}",
    "what does {x} mean", "I don't understand {x}", "{x}", "how would you describe {x}", "describe {x}", "what do you mean by {x}",
    "give me a short explanation of {x}", "what exactly is {x}", "what is {x} and why does it matter", "what is meant by {x}",
    "can you tell me what {x} is", "please explain what {x} is", "what is the idea of {x}", "{x}: what is that",
    "I have heard of {x}, what is it", "what do you know about {x}", "what is {x} for", "how does {x} work", "why {x}",
]
PLURAL = [
    "what are {x}", "what are {x}", "what're {x}", "explain {x}", "tell me about {x}", "can you explain {x}", "define {x}",
    "what does {x} mean", "I don't understand {x}", "{x}", "describe {x}", "what exactly are {x}", "how do {x} work",
    "can you tell me what {x} are", "what are {x} and why do they matter", "what are {x} for", "{x}: what are those", "why are there {x}",
]
MORE = [
    "tell me more", "go on", "more", "continue", "more details", "what else", "tell me more about that", "tell me more about it",
    "can you say more", "and what else", "please go on", "what else should I know", "can you tell me more", "more please", "and then",
]
PREFIXES = [
    "please tell me, ", "hi, ", "hello, ", "hi! ", "Hello. ", "ok, ", "so ", "so, ", "can you tell me ", "could you tell me ", "tell me ",
    "I want to know ", "I'd like to know ", "I would like to know: ", "quick question: ", "and ", "in short, ", "do you know ", "question: ",
    "please ", "please explain: ", "I wonder ", "now ", "hey, ", "one more thing: ", "thanks. ", "great, ", "but ", "well, ", "ok so ",
    "I am new here. ", "I'm a developer. ", "my boss asks: ", "explain to me ", "just curious, ", "sorry, ", "next question: ", "um, ",
]
SUFFIXES = [
    " please", ", please", " in one sentence", " briefly", " in simple words", " in Countersign", " exactly", " here", " for me", ", thanks",
    " in short", " in plain English", " with Countersign", " really", " in general", " in detail", " again", " then", " actually",
    ", in your own words", " in this project", " at all",
]
SYNONYMS = [
    ("what is", ["what's", "whats", "what exactly is"]), ("how do I", ["how can I", "how to", "how should I", "how do you", "how would I", "how does one", "how do we"]),
    ("how can I", ["how do I", "how to"]), ("verify", ["check", "validate", "verify"]), ("check", ["verify", "test"]), ("verified", ["checked", "validated"]),
    ("what does", ["what would", "what do"]), ("an answer", ["a response", "the answer", "a reply"]), ("the answer", ["the response", "the reply", "an answer"]),
    ("the operator", ["an operator", "the provider", "the admin"]), ("operator", ["provider", "operator"]), ("happens", ["will happen", "happens"]),
    ("does not", ["doesn't"]), ("do not", ["don't", "dont"]), ("cannot", ["can't", "can not"]), ("a receipt", ["the receipt", "receipts", "a receipt", "my receipt"]),
    ("the gateway", ["Countersign", "the gateway", "the server", "gateway"]), ("Countersign", ["countersign", "the gateway", "Countersign"]), ("contain", ["include", "hold"]),
    ("contents", ["content"]), ("which", ["what"]), ("mean", ["mean"]), ("use", ["use"]), ("the difference", ["difference"]), ("explain", ["describe", "tell me about"]),
    ("create", ["make", "generate"]), ("prevented", ["stopped", "avoided"]), ("detected", ["noticed", "found"]), ("changed", ["modified", "altered"]), ("see", ["view", "find"]),
    ("configuration", ["config", "settings"]), ("the model", ["a model", "the model"]), ("show", ["display"]), ("request", ["request", "prompt", "query"]), ("need", ["require", "need"]),
]
SYSTEMS = [
    "You are a helpful assistant.", "You are a helpful assistant.", "Be brief.", "Answer in one sentence.", "You are an expert on confidential computing.",
    "You are the assistant of Countersign.", "Answer the user's questions about attestation.", "Be polite and precise.", "You are a support agent.",
    "Answer truthfully. If you do not know, say so.", "You answer questions of developers.", "Use plain English.", "Respond in JSON format.",
    "You are a friendly assistant who explains security.", "Today is a good day. Help the user.", "Only answer questions about receipts.",
    "You work for a hospital. Be careful.", "Never reveal secrets.", "The user is an auditor.", "Keep answers short and clear.", "You are a pirate.",
    "You are a model behind an inference gateway. Every answer gets a receipt.", "Think before you answer.", "Follow the company policy at all times.",
]


@dataclass
class Fact:
    """One piece of knowledge: the ways to ask, the answers, and follow-ups that need it as context."""

    topic: str
    forms: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    follow: list[tuple[list[str], str]] = field(default_factory=list)


def expand(text: str) -> list[str]:
    """'how [do|can] I' -> every alternative."""
    match = re.search(r"\[([^\[\]]*)\]", text)
    if not match:
        return [re.sub(r"\s+", " ", text).strip()]
    return [t for option in match.group(1).split("|") for t in expand(text[: match.start()] + option + text[match.end() :])]


def split_forms(text: str) -> list[str]:
    return [form for part in text.split(";") if part.strip() for form in expand(part.strip())]


def read_facts() -> list[Fact]:
    facts: list[Fact] = []
    for path in sorted((HERE / "facts").glob("*.txt")):
        fact = Fact(path.stem)
        for line in path.read_text().splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            kind, rest = line[:2], line[3:].strip()
            if kind in ("Q:", "T:", "P:") and fact.answers:
                facts.append(fact)
                fact = Fact(path.stem)
            if kind == "Q:":
                fact.forms += split_forms(rest)
            elif kind == "T:":
                fact.definitions += [t.format(x=x) for x in split_forms(rest) for t in SINGULAR]
            elif kind == "P:":
                fact.definitions += [t.format(x=x) for x in split_forms(rest) for t in PLURAL]
            elif kind == "A:":
                fact.answers.append(rest)
            elif kind == "F:":
                ask, answer = rest.split(" :: ")
                fact.follow.append((split_forms(ask), answer.strip()))
            else:
                raise ValueError(f"{path.name}: {line}")
        facts.append(fact)
    add_forms(facts)
    return facts


def add_forms(facts: list[Fact]) -> None:
    """Adds the forms of forms.txt to the facts that already have the form on the left."""
    by_form = {form: fact for fact in facts for form in fact.definitions + fact.forms}
    for line in (HERE / "forms.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            known, more = line.split(" = ", 1)
            by_form[known].forms += split_forms(more)
    asked = {form.lower() for fact in facts for form in fact.forms}
    for fact in facts:  # a definition that another fact answers better is left to it
        fact.definitions = [form for form in fact.definitions if form.lower() not in asked]


def read_outside() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    name = ""
    for line in (HERE / "outside.txt").read_text().splitlines():
        header = re.fullmatch(r"\[([a-z ]+)\]", line)
        if header:
            name = header.group(1)
            lists[name] = []
        elif line.strip() and not line.startswith("#"):
            lists[name] += expand(line) if name.startswith("templates") else [x.strip() for x in line.split(";")] if ";" in line else [line.strip()]
    return lists


KEYS = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]


def typo(rng: random.Random, text: str) -> str:
    places = [i for i, c in enumerate(text) if c.isalpha()]
    if len(places) < 6:
        return text
    i = rng.choice(places)
    kind = rng.random()
    if kind < 0.3 and i + 1 < len(text):
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    if kind < 0.6:
        return text[:i] + text[i + 1 :]
    if kind < 0.75:
        return text[:i] + text[i] + text[i:]
    row = next((r for r in KEYS if text[i].lower() in r), "e")
    return text[:i] + rng.choice(row) + text[i + 1 :]


STOP = {"what", "is", "are", "the", "a", "an", "does", "do", "how", "i", "of", "can", "my", "in", "to", "which", "for", "be", "if", "why", "it", "there", "me", "by"}


def keywords(text: str) -> str:
    """'how do I verify a receipt' -> 'verify receipt', as people type into a search box."""
    words = [w for w in text.split() if w.lower() not in STOP]
    return " ".join(words) if len(words) >= 2 else text


def vary(rng: random.Random, form: str) -> str:
    """A form as people type it: synonyms, politeness, case, punctuation, slips."""
    text = form
    for word, others in SYNONYMS:
        if rng.random() < 0.25 and re.search(rf"\b{re.escape(word)}\b", text):
            text = re.sub(rf"\b{re.escape(word)}\b", lambda _: rng.choice(others), text, count=1)
    if rng.random() < 0.06:
        text = re.sub(r"\b(a|an|the) ", "", text)
    if rng.random() < 0.04:
        text = keywords(text)
    if rng.random() < 0.20:
        text = rng.choice(PREFIXES) + text
    if rng.random() < 0.10:
        text = text + rng.choice(SUFFIXES)
    while rng.random() < 0.15:
        text = typo(rng, text)
    kind = rng.random()
    if kind < 0.50:
        text = text[:1].upper() + text[1:]
    elif kind < 0.85:
        text = text.lower()
    elif kind < 0.87:
        text = text.upper()
    elif kind < 0.89:
        text = text.title()
    kind = rng.random()
    if text[-1:] not in "?!.":
        text += "?" if kind < 0.62 else "" if kind < 0.90 else "." if kind < 0.94 else "??" if kind < 0.96 else " ?" if kind < 0.98 else "!"
    if rng.random() < 0.01:
        text += rng.choice(["\n", " ", "  "])
    return text


class Generator:
    """Draws conversations: lists of (role, text)."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        everything = read_facts()
        self.facts = [f for f in everything if f.topic != "19-smalltalk"]
        self.talk = [f for f in everything if f.topic == "19-smalltalk"]
        self.talk_weights = [3 if {"hello", "thanks", "test", "bye"} & set(f.forms) else 1 for f in self.talk]
        self.outside = read_outside()
        self.index = {id(f): i for i, f in enumerate(self.facts)}
        self.with_follow = [f for f in self.facts if f.follow]
        self.weights = [(1.6 if f.topic[:2] <= "04" else 1.0) * min(2.5, 1 + len(f.forms) / 12) for f in self.facts]
        self.prose = [a for f in self.facts for a in f.answers] + [a for f in self.facts for _, a in f.follow]

    def number(self) -> str:
        return str(self.rng.choice([self.rng.randrange(10), self.rng.randrange(100), self.rng.randrange(1000), self.rng.randrange(100000)]))

    def outside_turn(self) -> tuple[str, str]:
        rng = self.rng
        kind = rng.choices(["live", "maths", "creative", "code", "translate", "advice", "general"], [2, 2, 2, 2, 1, 2, 6])[0]
        text = rng.choice(self.outside[f"templates {kind}"])
        def fill(match: re.Match[str]) -> str:
            key = match.group(1)
            if key == "n":
                return self.number()
            if key == "thing" and rng.random() < 0.12:
                return self.made_up()
            return rng.choice(self.outside[key])
        return vary(rng, re.sub(r"\{(\w+)\}", fill, text)), self.outside[f"answer {kind}"][0]

    def made_up(self) -> str:
        rng = self.rng
        word = "".join(rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randrange(1, 4))) + rng.choice(["", "n", "r", "s", "t", "x"])
        return rng.choice(["", "a ", "the "]) + word

    def fact_turn(self, fact: Fact) -> tuple[str, str]:
        forms = fact.forms if fact.forms and (not fact.definitions or self.rng.random() < 0.5) else fact.definitions
        return vary(self.rng, self.rng.choice(forms)), self.rng.choice(fact.answers)

    def talk_turn(self) -> tuple[str, str]:
        text, answer = self.fact_turn(self.rng.choices(self.talk, self.talk_weights)[0])
        return (text.rstrip("?.! ") + self.rng.choice(["!", ".", ""]) if self.rng.random() < 0.4 else text), answer

    def conversation(self) -> list[tuple[str, str]]:
        rng = self.rng
        turns: list[tuple[str, str]] = []
        if rng.random() < 0.12:
            turns.append(("system", self.system()))
        count = rng.choices([1, 2, 3, 4, 8], [70, 18, 8, 3, 1])[0]
        last: Fact | None = None
        for i in range(count):
            kind = rng.random()
            answers: tuple[str, str]
            if i == 0 and count > 1 and rng.random() < 0.45:
                last = rng.choice(self.with_follow)
                answers = self.fact_turn(last)
            elif last is not None and kind < 0.45:
                answers = self.follow_turn(last)
                last = last if last.follow and rng.random() < 0.3 else None
            elif kind < 0.75:
                last = rng.choices(self.facts, self.weights)[0]
                answers = self.fact_turn(last)
            elif kind < 0.88:
                answers = self.talk_turn()
            else:
                answers = self.outside_turn()
                last = None
            turns.append(("user", answers[0]))
            if rng.random() < 0.01:
                turns.append(("tool", rng.choice(self.prose)))
            turns.append(("assistant", answers[1]))
        return turns

    def follow_turn(self, last: Fact) -> tuple[str, str]:
        rng = self.rng
        if last.follow and rng.random() < 0.8:
            forms, answer = rng.choice(last.follow)
            return vary(rng, rng.choice(forms)), answer
        more = last.follow[0][1] if last.follow else self.facts[(self.index[id(last)] + 1) % len(self.facts)].answers[0]
        return vary(rng, rng.choice(MORE)), more

    def system(self) -> str:
        rng = self.rng
        kind = rng.random()
        if kind < 0.6:
            return rng.choice(SYSTEMS)
        count = rng.randrange(1, 4) if kind < 0.93 else rng.randrange(6, 18)
        lead = rng.choice(["Use the following context:", "Context:", "Notes:", "Answer from these documents.", "You are a helpful assistant.", ""])
        return "\n".join([lead] + [rng.choice(["- ", ""]) + rng.choice(self.prose) for _ in range(count)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    generator = Generator(args.seed)
    forms = sum(len(f.forms) + len(f.definitions) for f in generator.facts)
    print(f"{len(generator.facts)} facts, {forms} forms, {sum(len(f.follow) for f in generator.facts)} follow-ups, {len(generator.talk)} kinds of small talk")
    for _ in range(args.show):
        for role, text in generator.conversation():
            print(f"{role:>9}: {text}")
        print()
