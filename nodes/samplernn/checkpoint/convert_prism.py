# Takes the weights out of a checkpoint of PRiSM's SampleRNN (TensorFlow 2), as `legume import` reads them.
# SPDX-License-Identifier: MIT
# usage: python3 convert_prism.py logdir/default/DATE/model.ckpt-100 theirs.safetensors   (needs tensorflow, numpy, safetensors)
import sys

import numpy
import tensorflow as tf
from safetensors.numpy import save_file

reader = tf.train.load_checkpoint(sys.argv[1])  # the name without .index
tail = "/.ATTRIBUTES/VARIABLE_VALUE"
weights = {}
for name in reader.get_variable_to_shape_map():
    short = name[: -len(tail)]
    ours = short.startswith(("big_frame_rnn/", "frame_rnn/", "sample_mlp/")) and ".OPTIMIZER_SLOT" not in name
    if ours and name.endswith(tail) and short.endswith(("kernel", "bias", "embeddings", "upsample")):
        weights[short] = numpy.ascontiguousarray(reader.get_tensor(name), "float32")
save_file(weights, sys.argv[2])
