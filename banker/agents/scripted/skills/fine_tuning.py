"""Fine-tunes the second sentence encoder on the packaged examples.

The command is `python -m banker.agents.scripted.skills.fine_tuning WEIGHTS OUT`.

WEIGHTS is the `model.safetensors` of all-MiniLM-L6-v2, OUT the int8 ONNX file. Needs the extra [training], which
brings PyTorch, and some minutes on one core. Skill and speech act are learned together; the two heads are only used for
training, since `banker.agents.scripted.skills.training` learns its own on the vectors of the tuned encoder.
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from banker.agents.scripted.skills.bert import WIDTH, Bert, load_bert
from banker.agents.scripted.skills.examples import ACTS
from banker.agents.scripted.skills.training_data import training_sentences
from banker.agents.sentence_encoder.wordpieces import tokenizer

EPOCHS = 3
BATCH = 32
LEARNING_RATE, HEAD_LEARNING_RATE = 8e-5, 2e-3
_WARM_UP = 0.1
_FRAMED_PER_ACT = 150
_LONGEST = 48
_IGNORED = -100  # the label that PyTorch's cross-entropy leaves out


class TunedEncoder(nn.Module):
    """The encoder, mean pooling, and a head each for the skill and for the speech act."""

    def __init__(self, bert: Bert, skills: int) -> None:
        super().__init__()
        self.bert = bert
        self.skill, self.act = nn.Linear(WIDTH, skills), nn.Linear(WIDTH, len(ACTS))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scores of the skills and of the speech acts."""
        tokens = self.bert(ids, mask, torch.zeros_like(ids)) * mask[..., None]
        pooled = tokens.sum(1) / mask.sum(1, keepdim=True)
        return self.skill(pooled), self.act(pooled)


def tune(weights: Path, out: Path) -> None:
    """Train with a fixed seed and write the encoder to `out`."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    sentences = [one for one in training_sentences(_FRAMED_PER_ACT) if not one.held_out]
    skills = sorted({one.skill for one in sentences if one.skill is not None})
    model = TunedEncoder(load_bert(weights), len(skills))
    model.bert.words.requires_grad_(False)
    heads = [*model.skill.parameters(), *model.act.parameters()]
    body = [parameter for parameter in model.bert.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": LEARNING_RATE}, {"params": heads, "lr": HEAD_LEARNING_RATE}], weight_decay=0.01
    )
    steps = EPOCHS * -(-len(sentences) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min((step + 1) / (_WARM_UP * steps), max(0.0, (steps - step) / (steps * (1 - _WARM_UP)))),
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05, ignore_index=_IGNORED)
    cut = tokenizer(_LONGEST)
    pieces = [cut.encode(one.text.lower()).ids for one in sentences]
    skill_numbers = [_IGNORED if one.skill is None else skills.index(one.skill) for one in sentences]
    act_numbers = [_IGNORED if one.act is None else ACTS.index(one.act) for one in sentences]
    chance, started, total = random.Random(0), time.monotonic(), 0.0  # noqa: S311
    model.train()
    for step, batch in enumerate(_batches(pieces, chance)):
        ids, mask = _padded([pieces[index] for index in batch])
        skill_scores, act_scores = model(ids, mask)
        loss = torch.zeros(())
        for scores, numbers in ((skill_scores, skill_numbers), (act_scores, act_numbers)):
            labels = torch.tensor([numbers[index] for index in batch])
            if (labels != _IGNORED).any():
                loss = loss + loss_of(scores, labels)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if step % 25 == 24:
            print(f"step {step + 1} of {steps}, loss {total / 25:.3f}, {time.monotonic() - started:.0f} s", flush=True)
            total = 0.0
    export(model.bert.eval(), out)


def _batches(pieces: Sequence[Sequence[int]], chance: random.Random) -> Iterator[list[int]]:
    """Yield the batches of all epochs; sentences of similar length go together, because padding costs time."""
    for _ in range(EPOCHS):
        order = sorted(range(len(pieces)), key=lambda index: len(pieces[index]) + chance.random() * 4)
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        chance.shuffle(batches)
        yield from batches


def _padded(pieces: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    ids = torch.zeros((len(pieces), max(map(len, pieces))), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, sentence in enumerate(pieces):
        ids[row, : len(sentence)] = torch.tensor(sentence)
        mask[row, : len(sentence)] = 1
    return ids, mask


def export(bert: Bert, out: Path) -> None:
    """Write the encoder as an ONNX file with int8 weights."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    ids = torch.ones((2, 8), dtype=torch.long)
    axes = {0: "sentences", 1: "tokens"}
    names = ["input_ids", "attention_mask", "token_type_ids"]
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "exact.onnx"
        torch.onnx.export(
            bert,
            (ids, ids, torch.zeros_like(ids)),
            str(exact),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes=dict.fromkeys([*names, "last_hidden_state"], axes),
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(exact, out, weight_type=QuantType.QInt8, per_channel=True)


if __name__ == "__main__":
    tune(Path(sys.argv[1]), Path(sys.argv[2]))
