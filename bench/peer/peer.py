"""The peer's side of the bench: what its users would write, on the same texts as bench/jobs. Called as `peer.py JOB` with its input as
JSON on the standard input; the last line that it writes is the result. Loading a model counts, importing Python packages does not."""
import json
import os
import resource
import sys
import time


# CPU time of the process where the bench asks for it (one thread then, by OMP_NUM_THREADS), else wall time.
clock = time.process_time if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter


def train(model, pairs, batchSize, folder, dropout=None, bf16=False, learningRate=2e-5):
    """One epoch of SentenceTransformerTrainer, its defaults but for batch size, sampler and rate; a checkpoint at the end."""
    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from sentence_transformers.training_args import BatchSamplers
    from transformers import TrainerCallback

    ends = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_args, **_named):
            ends.append(clock())

    start = clock()
    encoder = SentenceTransformer(model, device="cpu")
    if dropout is not None:
        for module in encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout
            if hasattr(module, "dropout_prob"):
                module.dropout_prob = dropout
    # Columns are anchor and positive, in this order.
    data = Dataset.from_dict({"anchor": [p["query"] for p in pairs], "positive": [p["document"] for p in pairs]})
    arguments = SentenceTransformerTrainingArguments(
        output_dir=os.path.join(folder, f"peer-{os.getpid()}"),
        num_train_epochs=1,
        per_device_train_batch_size=batchSize,
        learning_rate=learningRate,
        weight_decay=0.01,
        max_grad_norm=1.0,
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        dataloader_drop_last=True,
        save_strategy="epoch",
        logging_strategy="no",
        report_to=[],
        bf16=bf16,
        use_cpu=True,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        seed=42,
    )
    SentenceTransformerTrainer(
        model=encoder, args=arguments, train_dataset=data, loss=MultipleNegativesRankingLoss(encoder), callbacks=[Clock()]
    ).train()
    seconds = clock() - start
    steps = [b - a for a, b in zip(ends, ends[1:])]
    return {
        "seconds": seconds,
        "pairsPerSecond": len(ends) * batchSize / seconds,
        "steadyPairsPerSecond": batchSize / median(steps),
    }


def embed(model, texts):
    """SentenceTransformer.encode with its defaults."""
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model, device="cpu")
    encoder.encode(texts[:32], show_progress_bar=False)
    start = clock()
    vectors = encoder.encode(texts, show_progress_bar=False)
    seconds = clock() - start
    return {"seconds": seconds, "textsPerSecond": len(texts) / seconds, "sample": [float(x) for x in vectors[0][:4]]}


def search(queries, documents, dimension, depth):
    """Exact search with numpy: blocks of products, argpartition, a merge of the best so far."""
    import numpy as np

    def vectors(count, seed):
        made = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    question_vectors, document_vectors = vectors(queries, 1), vectors(documents, 2)
    before = peak_mb()
    start = clock()
    for first in range(0, queries, 1000):
        block = question_vectors[first : first + 1000]
        best = np.empty((len(block), 0), np.float32)
        ids = np.empty((len(block), 0), np.int64)
        for at in range(0, documents, 10_000):
            scores = block @ document_vectors[at : at + 10_000].T
            top = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
            best = np.concatenate([best, np.take_along_axis(scores, top, 1)], 1)
            ids = np.concatenate([ids, top + at], 1)
            order = np.argsort(-best, axis=1, kind="stable")[:, :depth]
            best, ids = np.take_along_axis(best, order, 1), np.take_along_axis(ids, order, 1)
    return {"seconds": clock() - start, "memoryOverVectorsMb": peak_mb() - before}


def prepare(file, folder, prefix):
    """Rows of Parquet to retrieval sets with datasets and pandas: map, filter, repeated pairs out, split by answer, corpus, JSON."""
    import uuid

    from datasets import load_dataset

    start = clock()
    rows = load_dataset("parquet", data_files=file, split="train", cache_dir=os.path.join(folder, f"peer-cache-{os.getpid()}"))
    rows = rows.map(
        lambda row: {
            "question": row["message_1"].replace(prefix, ""),
            "answer": f"{row['topic;']} {row['sub_topic']} {row['message_2']}".replace(prefix, "").strip(),
        },
        remove_columns=rows.column_names,
    )
    rows = rows.filter(lambda row: row["question"].strip() != "" and row["answer"].strip() != "")
    table = rows.to_pandas().drop_duplicates()
    answers = table["answer"].drop_duplicates().sample(frac=1, random_state=42)
    test_answers = set(answers[: int(len(answers) * 0.2)])
    is_test = table["answer"].isin(test_answers)
    for part, chosen in {"train": table[~is_test], "test": table[is_test]}.items():
        documents = {answer: str(uuid.uuid4()) for answer in chosen["answer"].unique()}
        queries, relevant = {}, {}
        for question, answer in zip(chosen["question"], chosen["answer"]):
            name = str(uuid.uuid4())
            queries[name] = question
            relevant[name] = [documents[answer]]
        content = {
            "queries": queries,
            "corpus": {name: answer for answer, name in documents.items()},
            "relevant_docs": relevant,
            "mode": "text",
        }
        with open(os.path.join(folder, f"peer-{part}.json"), "w", encoding="utf8") as out:
            json.dump(content, out, ensure_ascii=False)
    return {"seconds": clock() - start, "pairs": len(table)}


def peak(products):
    """Operations a second of PyTorch's own products, in thousand million, as bench/step-limit.ts measures ONNX Runtime's: each by its best
    run, the second operand as it is and stored transposed, into an output that is there before."""
    import torch

    operations, seconds = 0, 0.0
    for m, k, n, times in products:
        a, out = torch.randn(m, k), torch.zeros(m, n)
        best = float("inf")
        for b in (torch.randn(k, n), torch.randn(n, k).t()):
            for _ in range(6):
                start = clock()
                torch.matmul(a, b, out=out)
                best = min(best, clock() - start)
        operations += times * 2 * m * k * n
        seconds += times * best
    return {"gflops": operations / seconds / 1e9}


def median(values):
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def peak_mb():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    jobs = {"train": train, "embed": embed, "search": search, "prepare": prepare, "peak": peak}
    result = jobs[sys.argv[1]](**json.load(sys.stdin))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"peakMemoryMb": peak_mb(), "cpuSeconds": used.ru_utime + used.ru_stime, **result}))
