"""musicnn in Keras against the graph that was published with its checkpoints."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from components.features.encoders import musicnn
from tests.conftest import PROJECT

pytestmark = pytest.mark.skipif(
    not list((PROJECT / "build" / "weights").glob("musicnn-*.whl")),
    reason="`make install` downloads the wheel",
)


@pytest.mark.parametrize("name", musicnn.NETWORKS)
def test_tags_are_those_of_the_published_graph(name: str, tmp_path: Path) -> None:
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    (wheel,) = (PROJECT / "build" / "weights").glob("musicnn-*.whl")
    musicnn.unpack(wheel, folder=tmp_path / "weights")
    encoder = musicnn.load(str(tmp_path / "weights"))
    clips = np.random.default_rng(0).normal(0.0, 0.1, (2, 48_000)).astype(np.float32)
    patches = musicnn.front_end()(clips)[:, 0]
    (tags,) = encoder.run(clips, networks=(name,), layers=("tags",))

    published = meta_graph_pb2.MetaGraphDef()
    with zipfile.ZipFile(wheel) as packed:
        published.ParseFromString(packed.read(f"musicnn/{musicnn.NETWORKS[name]}/.meta"))
    for node in published.graph_def.node:
        node.attr.pop("_output_shapes", None)  # wrong for the gradients of this release
        if node.op == "RandomUniform":
            node.attr["seed"].i = 1  # of dropout, which is off; deterministic kernels refuse to go without
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session() as session:
        part = tf.compat.v1.graph_util.extract_sub_graph(published.graph_def, ["model/Sigmoid"])
        tf.import_graph_def(part, name="")
        reader = tf.train.load_checkpoint(str(tmp_path / "weights" / name))
        feed = {}
        for operation in graph.get_operations():
            value = operation.outputs[0] if operation.outputs else None
            if operation.type == "VariableV2":
                session.run(tf.compat.v1.assign(value, reader.get_tensor(operation.name)))
            elif operation.type == "Placeholder":
                feed[value] = patches if value.dtype == tf.float32 else False
        expected = session.run(graph.get_tensor_by_name("model/Sigmoid:0"), feed)
    np.testing.assert_allclose(1 / (1 + np.exp(-tags[:, 0])), expected, atol=1e-6)
