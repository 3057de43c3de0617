"""A small file of each format whose tags are written, encoded by libsndfile or by FFmpeg through PyAV."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import av
import numpy as np
import soundfile

RATE = 44_100
#: By suffix: container and codec of FFmpeg, or None where libsndfile encodes it.
FORMATS: dict[str, tuple[str, str] | None] = {
    ".wav": None,
    ".aiff": None,
    ".flac": None,
    ".mp3": None,
    ".ogg": None,
    ".opus": ("opus", "libopus"),
    ".m4a": ("ipod", "aac"),
    ".wma": ("asf", "wmav2"),
    ".wv": ("wv", "wavpack"),
}


def tone(seconds: float = 0.5) -> np.ndarray:
    """Return a tone with some noise: shape (samples,), float32."""
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    return (0.3 * np.sin(2 * np.pi * 440 * time) + noise).astype(np.float32)


def make(path: Path, *, seconds: float = 0.5) -> Path:
    """Write a file in the format of its suffix, without tags of its own."""
    y = tone(seconds)
    form = FORMATS[path.suffix]
    if form is None:
        soundfile.write(path, y, RATE)
        return path
    encode(path, *form, y=y)
    return path


def encode(path: Path, container: str, codec: str, *, y: np.ndarray | None = None) -> None:
    """Write a file of a container and codec of FFmpeg."""
    y = tone() if y is None else y
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=48_000 if codec == "libopus" else RATE, layout="mono")
        stream.bit_rate = 128_000
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=stream.rate)
        frame = av.AudioFrame.from_ndarray(y[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            part.pts = None
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))


def dsd(path: Path) -> bytes:
    """Write a DSF or DSDIFF file, which no encoder here does, and return its samples."""
    samples = bytes(range(256)) * 32
    if path.suffix == ".dsf":
        form = struct.pack("<QIIIIIIQII", 52, 1, 0, 2, 2, 2_822_400, 1, len(samples) * 4, 4096, 0)
        whole = 28 + 52 + 12 + len(samples)
        head = b"DSD " + struct.pack("<QQQ", 28, whole, 0) + b"fmt " + form
        path.write_bytes(head + b"data" + struct.pack("<Q", 12 + len(samples)) + samples)
        return samples

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack(">Q", len(content)) + content + b"\0" * (len(content) % 2)

    rate = chunk(b"FS  ", struct.pack(">I", 2_822_400)) + chunk(b"CHNL", struct.pack(">H", 2) + b"SLFTSRGT")
    about = chunk(b"PROP", b"SND " + rate + chunk(b"CMPR", b"DSD \x0enot compressed"))
    content = b"DSD " + chunk(b"FVER", struct.pack(">I", 0x01050000)) + about + chunk(b"DSD ", samples)
    path.write_bytes(chunk(b"FRM8", content))
    return samples


def sound(path: Path) -> str:
    """Hash what a file decodes to."""
    digest = hashlib.sha256()
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            digest.update(frame.to_ndarray().tobytes())
    return digest.hexdigest()
