"""sentence-transformers in Python, as its documentation says."""
import json
import sys

from sentence_transformers import SentenceTransformer

job = json.load(open(sys.argv[1]))
model = SentenceTransformer(job["folder"], device="cpu")
vectors = model.encode(job["texts"], batch_size=10)
json.dump(vectors.tolist(), open(job["result"], "w"))
