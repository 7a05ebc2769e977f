"""The encoders: from texts to quantised unit vectors, one text a call.

One text a call is not a matter of taste. A dynamically quantised model scales its activations over the whole
batch, so a text's vector would depend on its batch-mates; alone and unpadded it is the same bit for bit on
any number of threads, and no slower (a short text is not padded to the length of a long one).
"""

import asyncio
import hashlib
import importlib.metadata
import json
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from services.recommend.export import (
    CARD,
    DEFAULT_MODEL,
    EXPORT_VERSION,
    GRAPH,
    TOKENIZER,
    VARIANT,
    ModelUnavailable,
    dimension_of,
    export_apart,
    load_sentence_transformer,
)
from services.recommend.vectors import quantise
from shared import metrics

DEFAULT_CACHE = Path("~/.cache/kindling/models")


def _quiet(_line: str) -> None:
    """Progress that nobody watches."""


class _OneAtATime:
    """Runs `_vector` for each text on `threads` threads, beside the event loop."""

    def __init__(self, threads: int, dimension: int, version: str) -> None:
        self.version = version
        self.dimension = dimension
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encoder")

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        """Shape (len(texts), dimension), in the order given.

        Calls made at the same time take turns text by text, so one post does not wait for a whole archive.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.int16)
        waiting = iter(enumerate(texts))
        loop = asyncio.get_running_loop()

        async def lane() -> None:
            for row, text in waiting:
                vectors[row] = await loop.run_in_executor(self._pool, self._quantised, text)

        # Twice as many lanes as threads: a thread finds its next text waiting even when the loop is busy.
        async with asyncio.TaskGroup() as lanes:
            for _ in range(min(len(texts), 2 * self._threads)):
                lanes.create_task(lane())
        metrics.EMBEDDED.inc(len(texts))
        return vectors

    async def close(self) -> None:
        """Let the texts under way finish and end the threads."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def _quantised(self, text: str) -> NDArray[np.int16]:
        # Half a surrogate pair can come out of JSON, and no tokenizer takes it.
        return quantise(self._vector(text.encode("utf-8", "replace").decode("utf-8")))

    def _vector(self, text: str) -> NDArray[np.float32]:
        raise NotImplementedError


class OnnxEncoder(_OneAtATime):
    """The int8 model in onnxruntime on the CPU; exported on first use, then loaded in a fraction of a second.

    Building one reads files, and the first time exports for up to a minute: do it before the event loop runs,
    or in a thread. `model` is a sentence-transformers name or folder; `cache_dir` is where exports are kept;
    `progress` is told what is being done; `threads` defaults to the cores that this process may use.
    Raises ModelUnavailable when the model is neither exported nor can be, or its export is damaged.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        cache_dir: Path = DEFAULT_CACHE,
        progress: Callable[[str], None] = _quiet,
        threads: int | None = None,
    ) -> None:
        folder = exported_folder(model, cache_dir)
        if not (folder / CARD).exists():
            export_apart(model, folder, progress)
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        graph = (folder / GRAPH).read_bytes()
        if hashlib.sha256(graph).hexdigest() != card["sha256"]:
            raise ModelUnavailable(f"the exported model in {folder} is damaged: remove that folder")
        build = f"{card['sha256'][:12]}/onnxruntime-{onnxruntime.__version__}-cpu"
        threads = threads or _cores()
        super().__init__(threads, int(card["dimension"]), f"{card['model']}/{VARIANT}/{build}")
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        # The file carries limits of its own (128, padded to 128 in the default model): the card's are meant.
        self._tokenizer.enable_truncation(max_length=int(card["max_tokens"]))
        self._tokenizer.no_padding()
        # A session of one thread each: two threads on one text are slower than one thread each on two.
        self._sessions = [_session(graph) for _ in range(threads)]

    def _vector(self, text: str) -> NDArray[np.float32]:
        ids = self._tokenizer.encode(text).ids
        tokens = np.asarray([ids], dtype=np.int64)
        session = self._sessions.pop()  # never empty: there are as many sessions as threads
        try:
            (vectors,) = session.run(["vector"], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
        finally:
            self._sessions.append(session)
        vector: NDArray[np.float32] = vectors[0]
        return vector


class SentenceTransformersEncoder(_OneAtATime):
    """The model as sentence-transformers runs it, in full precision, on a GPU where there is one.

    Needs the `export` extra at run time; building one takes seconds. Raises ModelUnavailable without it.
    Bit for bit reproducible on one kind of device and number of torch threads, which `version` names.
    """

    def __init__(self, model: str = DEFAULT_MODEL, *, device: str | None = None) -> None:
        sentences = load_sentence_transformer(model, device)
        name = Path(model).name if Path(model).is_dir() else model
        weights = hashlib.sha256()
        for key, values in sorted(sentences.state_dict().items()):
            weights.update(key.encode())
            weights.update(values.detach().cpu().float().numpy().tobytes())
        build = f"{weights.hexdigest()[:12]}/torch-{importlib.metadata.version('torch')}-{_device(sentences)}"
        # One thread calls: torch spreads each text over its own threads, or over the GPU.
        super().__init__(1, dimension_of(sentences), f"{name}/sentence-transformers/{build}")
        self._sentences = sentences

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._sentences.encode(
            text, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return vector


def exported_folder(model: str, cache_dir: Path = DEFAULT_CACHE) -> Path:
    """Where the export of `model` is kept: a folder named by the model, its files if local, and our version."""
    source = [model, str(EXPORT_VERSION)]
    if Path(model).is_dir():
        source[0] = str(Path(model).resolve())
        for file in sorted(path for path in Path(model).rglob("*") if path.is_file()):
            facts = file.stat()  # a model trained anew in the same folder is another model
            source.append(f"{file.relative_to(model)} {facts.st_size} {facts.st_mtime_ns}")
    digest = hashlib.sha256("\n".join(source).encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", Path(model).name).strip(".-")
    return cache_dir.expanduser() / f"{readable}-{VARIANT}-{digest}"


def _cores() -> int:
    """Cores that this process may use, which in a container is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _session(graph: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _device(sentences: Any) -> str:
    """ "cuda:NVIDIA H100" or "cpu-8": what the bits of a vector depend on beside the weights."""
    import torch  # noqa: PLC0415  # optional and heavy

    if sentences.device.type == "cuda":
        # What follows the last slash of a version is its build.
        return f"cuda:{torch.cuda.get_device_name(sentences.device)}".replace("/", "-")
    if sentences.device.type == "cpu":
        return f"cpu-{torch.get_num_threads()}"
    return str(sentences.device.type)
