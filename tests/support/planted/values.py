"""Faults of what rows hold, by feature: each takes a good feature and returns it with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from components.validation.tables import Inputs
from tests.support.planted.good_features import with_values
from tests.support.planted.rows import Fault, first_track, values_of, with_meta


def nan_in_one_cell(good: Inputs) -> Inputs:
    values = values_of(good)
    values.reshape(len(values), -1)[4, 3] = np.nan
    return with_values(good, values)


def infinity_in_one_cell(good: Inputs) -> Inputs:
    values = values_of(good)
    values.reshape(len(values), -1)[4, 3] = np.inf
    return with_values(good, values)


def twice_the_precision(good: Inputs) -> Inputs:
    return replace(good, values=values_of(good).astype(np.float64))


def nothing_but_zeros(good: Inputs) -> Inputs:
    return with_values(good, np.zeros_like(good.values))


def noise_of_the_same_size(good: Inputs) -> Inputs:
    values = values_of(good)
    noise = np.random.default_rng(2).permuted(values, axis=0)
    return with_values(good, noise)


def a_track_twice_under_two_genres(good: Inputs) -> Inputs:
    values = values_of(good)
    here, there = first_track(good), first_track(good, genre=1)
    count = min(len(here), len(there))
    values[there[:count]] = values[here[:count]]
    return with_values(good, values)


def a_third_of_the_rows_from_one_song(good: Inputs) -> Inputs:
    values = values_of(good)
    rows = np.random.default_rng(4).permutation(len(values))[: len(values) // 3]
    values[rows] = values[first_track(good)][np.arange(len(rows)) % len(first_track(good))]
    return with_values(good, values)


def every_segment_the_first_of_its_track(good: Inputs) -> Inputs:
    first = good.index.groupby("track")["segment"].transform("idxmin").to_numpy()
    return with_values(good, values_of(good)[first])


def last_third_never_written(good: Inputs) -> Inputs:
    values = values_of(good)
    values[-len(values) // 3 :] = 0
    return with_values(good, values)


def standardised(good: Inputs) -> Inputs:
    values = values_of(good)
    return with_values(good, (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9))


def between_zero_and_one(good: Inputs) -> Inputs:
    values = values_of(good)
    low, high = values.min(axis=0), values.max(axis=0)
    return with_values(good, (values - low) / np.maximum(high - low, 1e-9))


def clipped_to_its_middle(good: Inputs) -> Inputs:
    values = values_of(good)
    columns = tuple(range(values.ndim - 1))
    return with_values(good, np.clip(values, *np.quantile(values, [0.1, 0.9], axis=columns)))


def a_constant_column(good: Inputs) -> Inputs:
    values = values_of(good)
    values[..., 7] = values[..., 7].mean()
    return with_values(good, values)


def columns_reversed(good: Inputs) -> Inputs:
    return with_values(good, values_of(good)[..., ::-1])


def columns_moved_by_one(good: Inputs) -> Inputs:
    return with_values(good, np.roll(values_of(good), 1, axis=-1))


def scaled(factor: float, name: str) -> Fault:
    def fault(good: Inputs) -> Inputs:
        return with_values(good, values_of(good) * np.float32(factor))

    fault.__name__ = name
    return fault


def column(good: Inputs, name: str) -> int:
    return list(good.meta["names"]).index(name)


def changed(name: str, change: object, *columns: str) -> Fault:
    """A fault of named columns: those that begin with one of ``columns``."""

    def fault(good: Inputs) -> Inputs:
        values = values_of(good)
        for number, label in enumerate(good.meta["names"]):
            if label.startswith(columns):
                values[:, number] = change(values[:, number])  # type: ignore[operator]
        return with_values(good, values)

    fault.__name__ = name
    return fault


FREQUENCIES = (
    "spectral_centroid_mean",
    "spectral_bandwidth_mean",
    "rolloff_mean",
    "tempo",
    "zero_crossing_rate_mean",
)


def named_columns_swapped(good: Inputs) -> Inputs:
    values = values_of(good)
    left, right = column(good, "spectral_centroid_mean"), column(good, "rolloff_mean")
    values[:, [left, right]] = values[:, [right, left]]
    return with_values(good, values)


def names_in_another_order(good: Inputs) -> Inputs:
    return with_meta(good, names=sorted(good.meta["names"]))


def one_name_short(good: Inputs) -> Inputs:
    return with_meta(good, names=good.meta["names"][:-1])


def frames_in_another_order(good: Inputs) -> Inputs:
    return with_values(good, np.random.default_rng(5).permuted(values_of(good), axis=1))


def fewer_frames(good: Inputs) -> Inputs:
    values = values_of(good)
    return with_values(good, values[:, : values.shape[1] * 16 // 22])


def more_frames(good: Inputs) -> Inputs:
    values = values_of(good)
    return with_values(good, np.concatenate([values, values[:, :2]], axis=1))


def second_half_padded(good: Inputs) -> Inputs:
    values = values_of(good)
    values[:, values.shape[1] // 2 :] = 0
    return with_values(good, values)


def time_and_columns_exchanged(good: Inputs) -> Inputs:
    return with_values(good, values_of(good).swapaxes(1, 2))


def pictures(name: str, change: object) -> Fault:
    def fault(good: Inputs) -> Inputs:
        return with_values(good, change(values_of(good)))  # type: ignore[operator]

    fault.__name__ = name
    return fault


def _corner(x: np.ndarray) -> np.ndarray:
    made = np.full_like(x, 255)
    made[:, :150, :150] = x[:, :150, :150]
    return made


def _exchanged(x: np.ndarray) -> np.ndarray:
    turned = x[:, 40:248, 60:268].swapaxes(1, 2)
    made = x.copy()
    made[:, 40:248, 60:268] = turned
    return made


def claimed_to_be_trained(good: Inputs) -> Inputs:
    return with_meta(good, pretrained=[claim | {"trained": True} for claim in good.meta["pretrained"]])


def untrained_where_it_may_not_be(good: Inputs) -> Inputs:
    claimed = with_meta(good, pretrained=[claim | {"trained": False} for claim in good.meta["pretrained"]])
    return replace(claimed, params=good.params.model_copy(update={"allow_untrained_encoders": False}))


def nothing_stated_of_the_weights(good: Inputs) -> Inputs:
    return with_meta(good, pretrained=[])


def wrong_rate_stated(good: Inputs) -> Inputs:
    return with_meta(good, sample_rate=44_100)


ANY = (
    nan_in_one_cell,
    infinity_in_one_cell,
    twice_the_precision,
    nothing_but_zeros,
    noise_of_the_same_size,
    a_track_twice_under_two_genres,
    a_third_of_the_rows_from_one_song,
    last_third_never_written,
    standardised,
)
ENCODERS = (untrained_where_it_may_not_be, nothing_stated_of_the_weights)

#: Faults by the feature they are planted in.
VALUES: dict[str, tuple[Fault, ...]] = {
    "mfcc_summary": (
        *ANY,
        between_zero_and_one,
        clipped_to_its_middle,
        a_constant_column,
        columns_reversed,
        columns_moved_by_one,
        scaled(32768.0, "samples_as_whole_numbers"),
        wrong_rate_stated,
        named_columns_swapped,
        names_in_another_order,
        one_name_short,
        changed("read_at_twice_the_rate", lambda x: x * 2, *FREQUENCIES),
        changed("read_at_half_the_rate", lambda x: x / 2, *FREQUENCIES),
        changed("frequencies_in_kilohertz", lambda x: x / 1000, *FREQUENCIES[:3]),
        changed("deviations_for_variances", np.sqrt, "rms_var", "harmony_var", "perceptr_var"),
        changed("variances_below_zero", lambda x: -x, "mfcc9_var"),
        changed("tempo_smoothed", lambda x: x * 0.97, "tempo"),
        changed("decibels_squared", np.square, "mfcc3_mean"),
        changed("quiet_by_a_16_bit_factor", lambda x: x / 32768, "rms", "harmony", "perceptr"),
        changed(
            "rounded_to_whole_numbers", np.round, "chroma", "rms", "zero_crossing", "harmony", "perceptr"
        ),
        changed("crossings_of_other_rows", np.random.default_rng(6).permutation, "zero_crossing_rate_mean"),
        changed("loudness_of_other_rows", np.random.default_rng(6).permutation, "rms_mean"),
        every_segment_the_first_of_its_track,
    ),
    "mfcc_sequence": (
        *ANY,
        between_zero_and_one,
        clipped_to_its_middle,
        a_constant_column,
        columns_reversed,
        columns_moved_by_one,
        scaled(0.01, "not_in_decibels"),
        scaled(20.0, "decibels_times_twenty"),
        wrong_rate_stated,
        frames_in_another_order,
        fewer_frames,
        second_half_padded,
        time_and_columns_exchanged,
        pictures("without_sign", np.abs),
        every_segment_the_first_of_its_track,
    ),
    "mel_sequence": (
        *ANY,
        between_zero_and_one,
        clipped_to_its_middle,
        a_constant_column,
        columns_reversed,
        columns_moved_by_one,
        scaled(0.01, "not_in_decibels"),
        scaled(20.0, "decibels_times_twenty"),
        pictures("powers", lambda x: 10 ** (x / 10)),
        pictures("without_sign", np.abs),
        wrong_rate_stated,
        frames_in_another_order,
        fewer_frames,
        second_half_padded,
        time_and_columns_exchanged,
        every_segment_the_first_of_its_track,
    ),
    "mel_image": (
        *ANY,
        scaled(1 / 255.0, "between_0_and_1"),
        scaled(257.0, "of_16_bits"),
        wrong_rate_stated,
        time_and_columns_exchanged,
        pictures("shifted_around_0", lambda x: x - 127.5),
        pictures("blue_for_red", lambda x: x[..., ::-1]),
        pictures("grey", lambda x: np.repeat(np.round(x.mean(axis=-1, keepdims=True)), 3, axis=-1)),
        pictures("negative", lambda x: 255 - x),
        pictures("upside_down", lambda x: x[:, ::-1]),
        pictures("only_the_corner", _corner),
        pictures("time_for_frequency", _exchanged),
        pictures("blurred", lambda x: (x + np.roll(x, 1, axis=2)) / 2),
        pictures("clipped_to_50_to_200", lambda x: np.clip(x, 50, 200)),
        pictures("moved_by_40_pixels", lambda x: np.roll(x, 40, axis=2)),
        pictures("all_one_picture", lambda x: np.repeat(x[:1], len(x), axis=0)),
    ),
    "yamnet_embedding": (
        *ANY,
        *ENCODERS,
        wrong_rate_stated,
        more_frames,
        time_and_columns_exchanged,
        pictures("views_of_no_speed", lambda x: np.stack([x, x], axis=1)),
        pictures("below_zero", lambda x: x - 0.1),
        clipped_to_its_middle,
        every_segment_the_first_of_its_track,
    ),
    "musicnn_embedding": (
        *ANY,
        *ENCODERS,
        wrong_rate_stated,
        clipped_to_its_middle,
        every_segment_the_first_of_its_track,
        pictures("a_layer_missing", lambda x: x[..., :953]),
    ),
    "encoders_embedding": (
        *ANY,
        *ENCODERS,
        wrong_rate_stated,
        clipped_to_its_middle,
        every_segment_the_first_of_its_track,
        pictures("below_zero", lambda x: x - 0.1),
        pictures("a_layer_missing", lambda x: x[..., :1977]),
    ),
    "vggish_embedding": (
        *ANY,
        *ENCODERS,
        wrong_rate_stated,
        more_frames,
        time_and_columns_exchanged,
        clipped_to_its_middle,
        every_segment_the_first_of_its_track,
    ),
    "vgg16_embedding": (
        *ANY,
        *ENCODERS,
        clipped_to_its_middle,
        pictures("below_zero", lambda x: x - 0.1),
        pictures("a_block_missing", lambda x: x[..., :1536]),
    ),
}
#: Faults that only show against what trained weights are known to do.
TRAINED: dict[str, tuple[Fault, ...]] = {
    "musicnn_embedding": (
        scaled(5.0, "scaled_up"),
        scaled(0.1, "scaled_down"),
        columns_reversed,
        pictures("nearly_the_same", lambda x: x.mean(axis=0) + 0.05 * (x - x.mean(axis=0))),
    ),
    "encoders_embedding": (
        scaled(15.0, "scaled_up"),
        scaled(0.1, "scaled_down"),
        columns_reversed,
        pictures("nearly_the_same", lambda x: x.mean(axis=0) + 0.05 * (x - x.mean(axis=0))),
    ),
    "yamnet_embedding": (
        scaled(30.0, "scaled_up"),
        scaled(1 / 32768.0, "scaled_down"),
        pictures("rounded", np.round),
        pictures("dense", lambda x: x + 0.05),
    ),
    "vgg16_embedding": (
        scaled(1 / 80.0, "pixels_between_0_and_1"),
        scaled(80.0, "scaled_up"),
        columns_reversed,
        pictures("nearly_the_same", lambda x: x.mean(axis=0) + 0.05 * (x - x.mean(axis=0))),
    ),
}
