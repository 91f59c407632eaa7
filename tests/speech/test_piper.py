"""The local voice streams a sentence before it is finished, in chunks that join seamlessly."""

import shutil
from pathlib import Path

import faster_whisper
import numpy as np
import onnxruntime
import pytest
from piper import SynthesisConfig

from banker.speech.tts.network_cutter import VOCODER_WEIGHT, cut
from banker.speech.tts.piper import PiperSynthesiser, packaged_voice
from tests.listening import transcribe
from tests.speech.sounds import wav

SENTENCE = "Your Everyday Checking account has a balance of one thousand two hundred dollars and fifty cents."


@pytest.fixture(scope="module")
def voice() -> PiperSynthesiser:
    return PiperSynthesiser()


def test_the_first_chunk_of_a_long_sentence_is_short(voice: PiperSynthesiser) -> None:
    chunks = [len(chunk) / 2 / voice.sample_rate for chunk in voice.synthesise(SENTENCE)]
    assert chunks[0] < 0.5
    assert 4 < sum(chunks) < 9


def test_the_chunks_are_the_same_as_the_whole(voice: PiperSynthesiser) -> None:
    (phonemes,) = voice._voice.phonemize(SENTENCE)
    rough = voice._voice.phoneme_ids_to_audio(voice._voice.phonemes_to_ids(phonemes))[None]
    mask = np.ones((1, 1, rough.shape[2]), np.float32)
    (fine,) = voice._flow.run(None, {voice._cut.rough: rough, voice._cut.mask: mask})
    whole = voice._vocoder.run(None, {voice._cut.fine: fine})[0].reshape(-1)
    chunks = list(voice._stream(rough))
    assert len(chunks) > 3
    together = np.concatenate(chunks)
    assert together.shape == whole.shape
    assert float(np.abs(together - whole).max()) < 1e-4  # of full scale: -80 dB


def test_the_three_parts_are_the_network_that_was_cut(voice: PiperSynthesiser, monkeypatch: pytest.MonkeyPatch) -> None:
    (phonemes,) = voice._voice.phonemize(SENTENCE)
    ids = voice._voice.phonemes_to_ids(phonemes)
    network = packaged_voice().read_bytes()
    quiet = SynthesisConfig(noise_scale=0, noise_w_scale=0, normalize_audio=False)
    rough = voice._voice.phoneme_ids_to_audio(ids, quiet)[None]
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    monkeypatch.setattr(voice._voice, "session", session)
    whole = voice._voice.phoneme_ids_to_audio(ids, quiet).reshape(-1)
    assert float(np.abs(np.concatenate(list(voice._stream(rough))) - whole).max()) < 1e-3


def test_every_sentence_has_the_target_loudness(voice: PiperSynthesiser) -> None:
    for text in ("Yes.", "One moment, please.", SENTENCE):
        samples = np.frombuffer(b"".join(voice.synthesise(text)), np.int16) / 32768
        assert 0.04 < float(np.sqrt(np.mean(samples**2))) < 0.2
        assert np.mean(np.abs(samples) > 0.99) < 0.001


def test_a_voice_that_cannot_stream_is_synthesised_sentence_by_sentence(tmp_path: Path) -> None:
    network, named = tmp_path / "own.onnx", VOCODER_WEIGHT.encode()
    network.write_bytes(packaged_voice().read_bytes().replace(named, named[::-1]))
    shutil.copy(f"{packaged_voice()}.json", f"{network}.json")
    chunks = list(PiperSynthesiser(str(network)).synthesise(f"Good morning. {SENTENCE}"))
    assert len(chunks) == 2
    assert "everyday checking account has a balance of" in transcribe(wav(b"".join(chunks), 22_050))


def test_a_network_that_is_not_a_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="no flow and no vocoder"):
        cut(Path(faster_whisper.__file__).with_name("assets").joinpath("silero_vad_v6.onnx").read_bytes())
