"""The synthetic corpus is neither trivial nor hopeless."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from components.config.params import Params
from components.stages import synthesise


def test_genres_can_be_told_apart_but_not_wholly(tmp_path: Path, demo_params: Params) -> None:
    """Songs kept whole, a plain classifier on MFCC statistics is far above chance and far below perfect."""
    import librosa
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    block = {"tracks_per_genre": 8, "seconds": 6.0}
    params = demo_params.model_copy(update={"synthetic": {"synthetic": block}})
    folder = synthesise.run("synthetic", params=params, root=tmp_path)
    rows, labels, songs = [], [], []
    for song, path in enumerate(sorted(folder.rglob("*.wav"))):
        samples, rate = soundfile.read(path, dtype="float32")
        for piece in samples.reshape(2, -1):
            mfcc = librosa.feature.mfcc(y=piece, sr=rate, n_mfcc=20)
            rows.append([*mfcc.mean(axis=1), *mfcc.std(axis=1)])
            labels.append(path.parent.name)
            songs.append(song)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    # Eight folds of one song a genre each: every fold learns from seven songs of a genre.
    scores = cross_val_score(
        classifier, np.array(rows), labels, groups=[s % 8 for s in songs], cv=GroupKFold(8)
    )
    assert 0.5 < scores.mean() < 0.9
