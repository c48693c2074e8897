# Takes the weights out of a checkpoint of deepsound's SampleRNN (PyTorch), as `legume import` reads them.
# SPDX-License-Identifier: MIT
# usage: python3 convert_deepsound.py results/TAG/checkpoints/ep10-it12345 theirs.safetensors   (needs torch, numpy, safetensors)
import sys

import numpy
import torch
from safetensors.numpy import save_file

state = torch.load(sys.argv[1], map_location="cpu")  # a pickle: only open files of people you trust
save_file({n: numpy.ascontiguousarray(t.detach().float().numpy()) for n, t in state.items()}, sys.argv[2])
