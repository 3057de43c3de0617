"""Faults of rows, labels and files: each takes a good feature and returns it with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from components.validation.tables import Inputs
from tests.support.planted.good_features import with_values

Fault = Callable[[Inputs], Inputs]


def values_of(good: Inputs) -> np.ndarray:
    return np.array(good.values)


def with_index(good: Inputs, **columns: object) -> Inputs:
    return replace(good, index=good.index.assign(**columns))


def with_meta(good: Inputs, **facts: object) -> Inputs:
    return replace(good, meta=good.meta | facts)


def only(good: Inputs, rows: np.ndarray) -> Inputs:
    """Rows by number, in that order, with everything that belongs to them."""
    return replace(good, index=good.index.iloc[rows].reset_index(drop=True), values=values_of(good)[rows])


def first_track(good: Inputs, *, genre: int = 0) -> np.ndarray:
    """Which rows are those of the first track of a genre."""
    name = sorted(set(good.index["genre"]))[genre]
    track = good.index.loc[good.index["genre"] == name, "track"].iloc[0]
    return np.flatnonzero(good.index["track"] == track)


def relabelled(good: Inputs, mapping: dict[str, str], *, index: bool, listing: bool, folders: bool) -> Inputs:
    """Genres by track, changed in the index, in listing and split, or down to the files' own folders."""

    def new(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(genre=table["track"].map(mapping))

    made = replace(good, index=new(good.index)) if index else good
    if listing:
        listed = new(good.listing)
        if folders:
            paths = [
                f"{genre}/{path.split('/')[-1]}"
                for genre, path in zip(listed["genre"], listed["path"], strict=True)
            ]
            listed["path"] = paths
        made = replace(made, listing=listed, split=new(good.split))
    return made


def rotated_labels(good: Inputs) -> dict[str, str]:
    tracks = good.usable.sort_values("track")
    return dict(zip(tracks["track"], np.roll(tracks["genre"].to_numpy(dtype=object), 7), strict=True))


def shuffled_labels(good: Inputs) -> dict[str, str]:
    tracks = good.usable.sort_values("track")
    labels = np.random.default_rng(3).permutation(tracks["genre"].to_numpy(dtype=object))
    return dict(zip(tracks["track"], labels, strict=True))


def labels_rotated_in_the_index(good: Inputs) -> Inputs:
    return relabelled(good, rotated_labels(good), index=True, listing=False, folders=False)


def labels_rotated_in_listing_and_split(good: Inputs) -> Inputs:
    return relabelled(good, rotated_labels(good), index=False, listing=True, folders=False)


def labels_rotated_everywhere_but_in_the_folders(good: Inputs) -> Inputs:
    return relabelled(good, rotated_labels(good), index=True, listing=True, folders=False)


def labels_shuffled_down_to_the_folders(good: Inputs) -> Inputs:
    return relabelled(good, shuffled_labels(good), index=True, listing=True, folders=True)


def one_track_under_another_genre(good: Inputs) -> Inputs:
    mapping = dict(zip(good.index["track"], good.index["genre"], strict=True))
    mapping[good.index["track"].iloc[0]] = good.index["genre"].iloc[-1]
    return relabelled(good, mapping, index=True, listing=False, folders=False)


def one_row_under_another_genre(good: Inputs) -> Inputs:
    genre = good.index["genre"].astype(object).to_numpy().copy()
    genre[0] = genre[-1]
    return with_index(good, genre=pd.Series(genre, dtype="str"))


def genre_spelt_otherwise(good: Inputs) -> Inputs:
    return with_index(good, genre=good.index["genre"].str.upper())


def genre_missing_in_one_row(good: Inputs) -> Inputs:
    genre = good.index["genre"].astype(object).to_numpy().copy()
    genre[5] = None
    return with_index(good, genre=pd.Series(genre, dtype="str"))


def one_genre_missing(good: Inputs) -> Inputs:
    return only(good, np.flatnonzero(good.index["genre"] != good.index["genre"].iloc[0]))


def one_track_missing(good: Inputs) -> Inputs:
    return only(good, np.setdiff1d(np.arange(len(good.index)), first_track(good)))


def last_row_missing(good: Inputs) -> Inputs:
    return only(good, np.arange(len(good.index) - 1))


def a_track_the_corpus_left_out(good: Inputs) -> Inputs:
    fault = np.where(good.listing["track"] == good.index["track"].iloc[0], "silent", good.listing["fault"])
    return replace(good, listing=good.listing.assign(fault=pd.Series(fault, dtype="str")))


def a_track_the_corpus_does_not_know(good: Inputs) -> Inputs:
    return replace(good, listing=good.listing[good.listing["track"] != good.index["track"].iloc[0]])


def two_tracks_left_of_a_genre(good: Inputs) -> Inputs:
    genre = good.index["genre"].iloc[0]
    kept = set(good.index.loc[good.index["genre"] == genre, "track"].drop_duplicates().iloc[:2])
    kept |= set(good.index.loc[good.index["genre"] != genre, "track"])
    made = only(good, np.flatnonzero(good.index["track"].isin(kept)))
    listing, split = (table[table["track"].isin(kept)] for table in (good.listing, good.split))
    return replace(made, listing=listing, split=split)


def a_row_twice(good: Inputs) -> Inputs:
    return only(good, np.sort(np.append(np.arange(len(good.index)), 3)))


def rows_in_another_order(good: Inputs) -> Inputs:
    return only(good, np.random.default_rng(0).permutation(len(good.index)))


def a_third_of_the_rows_counted_to_one_song(good: Inputs) -> Inputs:
    track = good.index["track"].astype(object).to_numpy().copy()
    track[: len(track) // 3] = track[0]
    made = with_index(good, track=pd.Series(track, dtype="str"))
    return with_index(made, segment=made.index.groupby("track").cumcount())


def index_one_row_off_its_values(good: Inputs) -> Inputs:
    return replace(good, values=np.roll(values_of(good), 1, axis=0))


def values_shuffled_between_rows(good: Inputs) -> Inputs:
    return with_values(good, np.random.default_rng(1).permutation(values_of(good)))


def values_one_row_short(good: Inputs) -> Inputs:
    return replace(good, values=values_of(good)[:-1])


def segments_counted_from_one(good: Inputs) -> Inputs:
    return with_index(good, segment=good.index["segment"] + 1)


def starts_in_samples(good: Inputs) -> Inputs:
    return with_index(good, start=(good.index["start"] + 3.0) * 22_050)


def index_without_a_column(good: Inputs) -> Inputs:
    return replace(good, index=good.index.drop(columns=["start"]))


def index_with_text_for_numbers(good: Inputs) -> Inputs:
    return with_index(good, segment=good.index["segment"].astype(str))


def meta_of_another_feature(good: Inputs) -> Inputs:
    return with_meta(good, feature="loudness")


def meta_of_the_other_unit(good: Inputs) -> Inputs:
    return with_meta(good, unit="track" if good.unit == "segment" else "segment")


def meta_of_older_options(good: Inputs) -> Inputs:
    return with_meta(good, options={"hop_length": 1024})


def meta_of_another_shape(good: Inputs) -> Inputs:
    return with_meta(good, shape=[7, *good.values.shape[1:]])


#: Faults that any feature can have.
ROWS: tuple[Fault, ...] = (
    labels_rotated_in_the_index,
    labels_rotated_in_listing_and_split,
    labels_rotated_everywhere_but_in_the_folders,
    labels_shuffled_down_to_the_folders,
    one_track_under_another_genre,
    one_row_under_another_genre,
    genre_spelt_otherwise,
    genre_missing_in_one_row,
    one_genre_missing,
    one_track_missing,
    last_row_missing,
    a_track_the_corpus_left_out,
    a_track_the_corpus_does_not_know,
    two_tracks_left_of_a_genre,
    a_row_twice,
    rows_in_another_order,
    a_third_of_the_rows_counted_to_one_song,
    index_one_row_off_its_values,
    values_shuffled_between_rows,
    values_one_row_short,
    segments_counted_from_one,
    starts_in_samples,
    index_without_a_column,
    index_with_text_for_numbers,
    meta_of_another_feature,
    meta_of_the_other_unit,
    meta_of_older_options,
    meta_of_another_shape,
)
