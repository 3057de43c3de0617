"""VGGish's signature: a waveform in, 128 values each whole 0.96 s out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components.core.errors import PretrainedError
from components.features import vggish_embedding
from components.features.encoders import vggish


def published(folder: Path, *, width: int) -> str:
    """A model saved as TensorFlow Hub keeps them, of VGGish's signature but for its width: frames' squared samples."""
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, waveform: tf.Tensor) -> tf.Tensor:
            frames = tf.signal.frame(waveform, 15_600, 15_360)
            return self.gain * tf.square(frames[:, :width])

    tf.saved_model.save(Model(), str(folder))
    return str(folder)


@pytest.fixture
def clips() -> np.ndarray:
    return np.random.default_rng(0).normal(0.0, 0.1, (3, 48_000)).astype(np.float32)


def test_a_published_model_runs_on_whole_frames_of_each_clip(tmp_path: Path, clips: np.ndarray) -> None:
    encoder = vggish.load(published(tmp_path / "vggish", width=128))
    assert encoder.trained
    options = vggish_embedding.Options()
    values = vggish_embedding.extract(clips, options=options, encoders=(encoder,))
    assert values.shape == (3, 3, 128)
    expected = [2 * np.square(clips[:, 15_360 * frame :][:, :128]) for frame in range(3)]
    np.testing.assert_allclose(values, np.stack(expected, axis=1), rtol=1e-6)


def test_another_model_is_refused(tmp_path: Path, clips: np.ndarray) -> None:
    encoder = vggish.load(published(tmp_path / "other", width=64))
    with pytest.raises(PretrainedError, match=r"not VGGish.*\(3, 64\); valid: \(3, 128\)"):
        encoder.run(clips)


def test_the_stand_in_has_the_same_signature_and_is_marked(clips: np.ndarray) -> None:
    encoder = vggish.untrained()
    (values,) = encoder.run(clips)
    assert values.shape == (3, 3, 128) and values.dtype == np.float32
    assert not encoder.record.trained
    (alone,) = encoder.run(clips[1:2])
    np.testing.assert_allclose(alone[0], values[1], atol=1e-5)


def test_a_clip_shorter_than_a_frame_is_repeated(clips: np.ndarray) -> None:
    encoder = vggish.untrained()
    (short,) = encoder.run(clips[:, :8_000])
    (full,) = encoder.run(np.stack([np.resize(clip[:8_000], 15_600) for clip in clips]))
    np.testing.assert_array_equal(short, full)
