"""BERT's encoder in PyTorch, small enough to fine-tune on a CPU (Devlin et al., 2018, https://arxiv.org/abs/1810.04805).

Only `banker.agents.scripted.skills.fine_tuning` uses it. A service runs the exported ONNX file and does not need
PyTorch.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

WIDTH = 384
_LAYERS, _HEADS = 6, 12


class BertLayer(nn.Module):
    """Self-attention and a feed-forward network, each followed by a residual connection and a normalisation."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.attention_norm, self.norm = (nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(2))
        self.widen, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """Return the next states; both have the shape (sentences, tokens, width). `bias` hides the padding."""
        sentences, tokens, _ = states.shape

        def heads(projected: Tensor) -> Tensor:
            return projected.view(sentences, tokens, _HEADS, WIDTH // _HEADS).transpose(1, 2)

        query, key, value = heads(self.query(states)), heads(self.key(states)), heads(self.value(states))
        scores = query @ key.transpose(-1, -2) / (WIDTH // _HEADS) ** 0.5 + bias
        mixed = self.dropout(scores.softmax(-1)) @ value
        mixed = mixed.transpose(1, 2).reshape(sentences, tokens, WIDTH)
        states = self.attention_norm(states + self.dropout(self.output(mixed)))
        widened = nn.functional.gelu(self.widen(states))
        normed: Tensor = self.norm(states + self.dropout(self.narrow(widened)))
        return normed


class Bert(nn.Module):
    """Token vectors of sentences, with the inputs and the output of the published ONNX files of MiniLM."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(30522, WIDTH), nn.Embedding(512, WIDTH)
        self.segments, self.norm = nn.Embedding(2, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(BertLayer(dropout) for _ in range(_LAYERS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return the token vectors, shape (sentences, tokens, width), of token numbers, shape (sentences, tokens)."""
        positions = torch.arange(input_ids.shape[1]).unsqueeze(0)
        embedded = self.words(input_ids) + self.positions(positions) + self.segments(token_type_ids)
        states: Tensor = self.dropout(self.norm(embedded))
        bias = (1.0 - attention_mask[:, None, None, :].to(states.dtype)) * -1e4
        for layer in self.layers:
            states = layer(states, bias)
        return states


_NAMES = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "output",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "norm",
}


def load_bert(file: Path) -> Bert:
    """Return the model with the weights of a `model.safetensors` in the naming of Hugging Face's BertModel."""
    tensors = load_file(file)
    weights = {
        "words.weight": tensors["embeddings.word_embeddings.weight"],
        "positions.weight": tensors["embeddings.position_embeddings.weight"],
        "segments.weight": tensors["embeddings.token_type_embeddings.weight"],
        "norm.weight": tensors["embeddings.LayerNorm.weight"],
        "norm.bias": tensors["embeddings.LayerNorm.bias"],
    }
    for layer in range(_LAYERS):
        for theirs, ours in _NAMES.items():
            for part in ("weight", "bias"):
                weights[f"layers.{layer}.{ours}.{part}"] = tensors[f"encoder.layer.{layer}.{theirs}.{part}"]
    model = Bert()
    model.load_state_dict(weights)
    return model
