"""ONNX Runtime and the Rust tokenizer in Python; truncation is what tokenizer.json says."""
import json
import sys

import numpy
import onnxruntime
from tokenizers import Tokenizer

job = json.load(open(sys.argv[1]))
tokenizer = Tokenizer.from_file(f"{job['folder']}/tokenizer.json")
tokenizer.enable_padding()
session = onnxruntime.InferenceSession(f"{job['folder']}/onnx/{job['file']}.onnx", providers=["CPUExecutionProvider"])
vectors = []
for start in range(0, len(job["texts"]), 10):
    encoded = tokenizer.encode_batch(job["texts"][start : start + 10])
    feeds = {
        "input_ids": numpy.array([e.ids for e in encoded], dtype=numpy.int64),
        "attention_mask": numpy.array([e.attention_mask for e in encoded], dtype=numpy.int64),
        "token_type_ids": numpy.array([e.type_ids for e in encoded], dtype=numpy.int64),
    }
    vectors += session.run(["sentence_embedding"], feeds)[0].tolist()
json.dump(vectors, open(job["result"], "w"))
