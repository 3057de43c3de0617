"""One rule a finding: whether it holds, and what was measured. A rule that lacks something says so by raising.

Every rule takes the :class:`components.study.evidence.Evidence` and returns whether the claim holds and one
sentence or two with the figures. They judge by the study's own protocol where the claim is about accuracies.
"""

from __future__ import annotations

from components import diagnostics, pairing
from components.report.words import percent
from components.study.comparing import whole_songs
from components.study.evidence import GUESSING, CannotTellError, Evidence

#: The five models on the same songs.
FIVE = ("mlp", "vgg16_audio", "yamnet", "lstm", "yamnet_lstm")
#: Train accuracy the study calls 100 %: the mean of an epoch in which the model still learns stays just below.
WHOLE = 0.99
#: "Far larger": this many times the next.
FAR = 3.0


def simplest_is_best(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 1: it holds where the MLP is most accurate and fastest, the LSTM slowest."""
    accuracy = {name: seen.figures(name).segments for name in FIVE}
    seconds = {name: seen.outcome(name).cost()["seconds"] for name in FIVE}
    best, fastest = max(accuracy, key=accuracy.__getitem__), min(seconds, key=seconds.__getitem__)
    slowest = max(seconds, key=seconds.__getitem__)
    rows = ", ".join(f"{name} {percent(accuracy[name])} in {seconds[name]:.1f} s" for name in FIVE)
    return (best, fastest, slowest) == ("mlp", "mlp", "lstm"), (
        f"{rows}. Most accurate is {best}, fastest {fastest}, slowest {slowest}."
    )


def some_sets_guess(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 2: it holds where a changed hyperparameter alone leads to chance."""
    names = ("mlp_learning_rate_1", "mlp")
    return seen.at_chance(names[0]), f"{seen.shown(names[0])}; {seen.shown(names[1])}."


def unscaled(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 3: it holds where every unscaled MLP stays below :data:`GUESSING`."""
    audio = "mlp_table_30_unscaled" if seen.outcomes["mlp_unscaled"].reason else "mlp_unscaled"
    names = [name for name in (audio, "mlp_table_30_unscaled") if not seen.outcomes[name].reason]
    if not names:
        seen.outcome(audio)
    scaled = "mlp" if audio == "mlp_unscaled" else "mlp_table_30"
    said = "; ".join(seen.shown(name) for name in dict.fromkeys([*names, scaled]))
    values = [seen.figures(name).segments for name in names if seen.outcome(name).figures]
    return all(value < GUESSING for value in values), f"{said}. Wanted: below {percent(GUESSING)}."


def transfer(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 4: it holds where frozen YAMNet beats its untrained twin, and an LSTM in both time and accuracy."""
    trained, random = seen.figures("yamnet"), seen.figures("yamnet_untrained")
    if seen.outcome("yamnet").untrained:
        raise CannotTellError("YAMNet's trained weights are not here.")
    scratch = seen.figures("lstm")
    costs = {name: seen.outcome(name).cost()["seconds"] for name in ("yamnet", "lstm")}
    pair = pairing.paired(
        whole_songs(seen.outcome("yamnet")),
        whole_songs(seen.outcome("yamnet_untrained")),
        seed=seen.outcome("yamnet").seed,
        part="test",
        names=("YAMNet", "the untrained encoder"),
    )
    return pair.apart and pair.difference > 0 and costs["yamnet"] < costs["lstm"] and (
        trained.segments >= scratch.segments
    ), (
        f"Frozen YAMNet {percent(trained.segments)} in {costs['yamnet']:.1f} s a fit, the same network untrained "
        f"{percent(random.segments)}, an LSTM from nothing {percent(scratch.segments)} in {costs['lstm']:.1f} s. "
        f"Songs whole: {pair.sentence}"
    )


def photographs(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 5: it holds where VGG16 beats its untrained twin and loses to YAMNet."""
    if seen.outcome("vgg16_audio").untrained or seen.outcome("yamnet").untrained:
        raise CannotTellError("trained weights of VGG16 or YAMNet are not here.")
    helped = seen.figures("vgg16_audio"), seen.figures("vgg16_audio_untrained")
    heard = seen.figures("yamnet")
    songs = [figures.voted for figures in (*helped, heard)]
    return songs[0] > songs[1] and songs[0] < songs[2], (
        f"Songs right: VGG16 {percent(songs[0])}, the same network untrained {percent(songs[1])}, YAMNet "
        f"{percent(songs[2])}."
    )


def chance_is_a_fault(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 6: it holds where there is a result at chance, and mending each fault ends it."""
    faulty = {
        "mlp_unscaled": "data not scaled",
        "mlp_learning_rate_1": "a hyperparameter",
        "mlp_shuffled": "labels that say nothing",
    }
    ran = {name: why for name, why in faulty.items() if not seen.outcomes[name].reason}
    if not ran:
        seen.outcome("mlp_shuffled")
    guessing = {name: why for name, why in ran.items() if seen.at_chance(name)}
    if not guessing:
        return False, "No experiment was at chance."
    said = "; ".join(f"{seen.shown(name)}: {why}" for name, why in guessing.items())
    return not seen.at_chance("mlp"), f"{said}. With the fault mended: {seen.shown('mlp')}."


def weights(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 7: it holds where VGG16 needs :data:`FAR` times the next."""
    sizes = {name: seen.outcome(name).cost().get("weights_bytes", 0.0) / 2**20 for name in FIVE}
    rest = max(size for name, size in sizes.items() if name != "vgg16_audio")
    rows = ", ".join(f"{name} {size:.1f} MiB" for name, size in sizes.items())
    return sizes["vgg16_audio"] >= FAR * rest, f"Model and frozen encoder together: {rows}."


def overfitting(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 8: it holds where the MLP overfits, and dropout or fewer units raise validation accuracy."""
    plain = seen.figures("mlp", "track")
    cures = {name: seen.figures(name, "track") for name in ("mlp_dropout", "mlp_fewer_units")}
    gap = plain.train - plain.validation
    if plain.train < WHOLE or gap < diagnostics.OVERFITTING_GAP:
        return False, (
            f"Train {percent(plain.train)}, validation {percent(plain.validation)}: no overfitting to cure."
        )
    rows = ", ".join(
        f"{seen.outcome(name).declared['title']} {percent(figures.train)} and {percent(figures.validation)}"
        for name, figures in cures.items()
    )
    return any(figures.validation > plain.validation for figures in cures.values()), (
        f"Train and validation of the MLP: {percent(plain.train)} and {percent(plain.validation)}; {rows}."
    )


def too_small(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 9: it holds where a tiny network without dropout stays below validation on train."""
    small, dropped, large = (seen.figures(name, "track") for name in ("mlp_tiny", "mlp_tiny_dropout", "mlp"))
    gaps = [figures.validation - figures.train for figures in (small, dropped)]
    said = (
        f"Train and validation of 3 units a layer: {percent(small.train)} and {percent(small.validation)}; of 16 "
        f"with dropout: {percent(dropped.train)} and {percent(dropped.validation)}; of the study's set: "
        f"{percent(large.train)} and {percent(large.validation)}."
    )
    if gaps[0] < diagnostics.UNDERFITTING_GAP <= gaps[1]:
        said += " Dropout alone puts train below validation: train accuracy is measured with it at work."
    return (gaps[0] >= diagnostics.UNDERFITTING_GAP and large.train > small.train), said


def narrow(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 10: it holds where the narrow search keeps every maximum and wider units validate better."""
    found = seen.outcome("mlp_narrow_search")
    narrow, wide = seen.figures("mlp_narrow_search", "track"), seen.figures("mlp", "track")
    units = {
        key: value
        for key, value in found.fits[0].get("hyperparameters", {}).items()
        if key.startswith("units")
    }
    highest = found.declared["search"]["space"]
    at_maximum = all(value == highest[key]["high"] for key, value in units.items())
    chosen = ", ".join(f"{key} {value}" for key, value in units.items())
    return at_maximum and wide.validation > narrow.validation, (
        f"The search kept {chosen} of at most 8 ({'every one at' if at_maximum else 'not all at'} the maximum): "
        f"validation {percent(narrow.validation)}; with the study's wider set {percent(wide.validation)}."
    )


def cropped(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 11: it holds where the corner keeps less than half of what there is to win above guessing."""
    whole, corner = seen.figures("vgg16_sample"), seen.figures("vgg16_cropped")
    chance = seen.outcome("vgg16_sample").chance
    kept = (corner.voted - chance) / max(whole.voted - chance, 1e-9)
    return kept < 0.5, (
        f"Whole picture {percent(whole.voted)}, corner {percent(corner.voted)}: of what there is to win above "
        f"guessing the corner keeps {percent(kept)}. Wanted: less than half."
    )


def tanh(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 12: it holds where tanh is :data:`FAR` times as fast on a GPU."""
    tanh, relu = seen.outcome("lstm"), seen.outcome("lstm_relu")
    epochs = {}
    for name, outcome in (("tanh", tanh), ("relu", relu)):
        done = [
            (cost["seconds"], fit["metrics"]["epochs"])
            for fit, cost in zip(outcome.fits, outcome.costs, strict=True)
            if "seconds" in cost and fit["protocol"] == "segment"
        ]
        if not done:
            raise CannotTellError(f"{outcome.declared['title']}: {'; '.join(outcome.failures)}.")
        epochs[name] = sum(took for took, _ in done) / sum(many for _, many in done)
    said = (
        f"Seconds an epoch: tanh {epochs['tanh']:.1f}, relu {epochs['relu']:.1f}; "
        f"{seen.shown('lstm')}, {seen.shown('lstm_relu')}."
    )
    if not seen.gpu:
        raise CannotTellError(f"The fast kernels are cuDNN's and there is no GPU here. {said}")
    return epochs["tanh"] * FAR <= epochs["relu"], said


def memory(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 13: it holds where VGG16 has the highest peak."""
    peaks = {name: seen.outcome(name).cost().get("peak_memory_mib", 0.0) for name in FIVE}
    rows = ", ".join(f"{name} {peak:,.0f} MiB" for name, peak in peaks.items())
    hungriest = max(peaks, key=peaks.__getitem__)
    return hungriest == "vgg16_audio", f"Peak of extraction and fit: {rows}."


def contaminated(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 14: it holds where the faulty evaluation reaches :data:`WHOLE` and the honest one does not."""
    faulty, honest = seen.figures("mlp_contaminated", "track"), seen.figures("mlp", "track")
    return faulty.segments >= WHOLE > honest.segments, (
        f"Fitted on test too: {percent(faulty.segments)}; fitted on train alone: {percent(honest.segments)}. The "
        "workflow refuses the first: fits begin with a fresh model, and test rows are not even loaded while "
        "they last."
    )
