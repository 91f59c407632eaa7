"""The vocabulary of the sentence encoder, and the tokenizer that cuts a text into its pieces.

Both are BERT's (uncased WordPiece, https://github.com/google-research/bert#tokenization, Apache-2.0).
"""

import gzip
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing

_FILE = Path(__file__).with_name("wordpieces.txt.gz")


@cache
def vocabulary() -> dict[str, int]:
    """Return each word piece with its number; `##` marks a piece that continues a word."""
    pieces = gzip.decompress(_FILE.read_bytes()).decode().splitlines()
    return {piece: number for number, piece in enumerate(pieces)}


def tokenizer(longest: int) -> Tokenizer:
    """Return a tokenizer whose encodings begin with [CLS], end with [SEP] and have at most `longest` pieces."""
    pieces = vocabulary()
    bert = Tokenizer(WordPiece(pieces, unk_token="[UNK]"))  # noqa: S106
    bert.normalizer = BertNormalizer(lowercase=True)
    bert.pre_tokenizer = BertPreTokenizer()
    bert.post_processor = BertProcessing(("[SEP]", pieces["[SEP]"]), ("[CLS]", pieces["[CLS]"]))
    bert.enable_truncation(longest)
    return bert
