# Takes the weights out of a checkpoint of Unisound's SampleRNN (TensorFlow 1), as `legume import` reads them.
# SPDX-License-Identifier: MIT
# usage: python3 convert_unisound.py logdir/train/model.ckpt-12345 theirs.safetensors   (needs tensorflow, numpy, safetensors)
import sys

import numpy
import tensorflow as tf
from safetensors.numpy import save_file

reader = tf.train.load_checkpoint(sys.argv[1])  # the name without .index
layers = ("BigFrame_layer/", "Frame_layer/", "Sample_layer/")
optimiser = ("/Adam", "/Adam_1", "/Momentum", "/RMSProp", "/RMSProp_1")
names = [n for n in reader.get_variable_to_shape_map() if n.startswith(layers) and not n.endswith(optimiser)]
save_file({n: numpy.ascontiguousarray(reader.get_tensor(n), "float32") for n in names}, sys.argv[2])
