"""The encoders, the export, and the cache of vectors in a file."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.recommend import export
from services.recommend.encoder import OnnxEncoder, SentenceTransformersEncoder, exported_folder
from services.recommend.export import ModelUnavailable
from services.recommend.ports import Encoder
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
from services.recommend.vectors import similarities

ROOT = Path(__file__).parents[1]
TEXTS = [
    "How do I segment a vessel in a CT image?",
    "Hi!",
    "Which module measures the volume of a tumour? " * 8,
    "Welcome to the community, please introduce yourself.",
    "Die Segmentierung schlägt fehl: «out of memory» 😀",
    "Traceback (most recent call last):\n\tFile 'a.py', line 1\nImportError: no module named vtk",
]


def opened(build: Callable[[], OnnxEncoder]) -> OnnxEncoder:
    try:
        return build()
    except ModelUnavailable as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def encoder() -> OnnxEncoder:
    """From the default cache, so that a computer exports the model only once."""
    return opened(OnnxEncoder)


def as_child(code: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)


class Lengths:
    """A fake encoder: the vector of a text is its length."""

    version = "lengths/1"
    dimension = 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        self.asked += texts
        return np.array([[len(text), -1] for text in texts], dtype=np.int16).reshape(-1, 2)

    async def close(self) -> None:
        pass


async def test_a_text_has_the_same_vector_alone_and_among_others(encoder: OnnxEncoder) -> None:
    """A decision does not depend on which posts happened to arrive together, nor on their order."""
    together = await encoder.encode(TEXTS)
    backwards = await encoder.encode(TEXTS[::-1])
    alone = [(await encoder.encode([text]))[0] for text in TEXTS]
    assert together.shape == (len(TEXTS), encoder.dimension)
    assert together.dtype == np.int16
    assert np.array_equal(together, alone)
    assert np.array_equal(together, backwards[::-1])


@pytest.mark.parametrize("threads", [1, 3, 8])
async def test_any_number_of_threads_gives_the_same_bits(encoder: OnnxEncoder, threads: int) -> None:
    """A small computer and a big one decide alike, and say so by the same version."""
    other = OnnxEncoder(threads=threads)
    assert other.version == encoder.version
    assert np.array_equal(await other.encode(TEXTS * 3), await encoder.encode(TEXTS * 3))
    await other.close()
    await other.close()


async def test_the_event_loop_stays_free_while_texts_are_embedded(encoder: OnnxEncoder) -> None:
    """A person who presses a button is not kept waiting by an import: no stall over 100 ms in 50 texts."""

    async def longest_stall() -> float:
        work = asyncio.create_task(encoder.encode([f"{TEXTS[2]} {n}" for n in range(50)]))
        moments = [time.perf_counter()]
        while not work.done():
            await asyncio.sleep(0.001)
            moments.append(time.perf_counter())
        return max(later - earlier for earlier, later in pairwise(moments))

    # The system may take the processor away from a test for a while, but hardly three times.
    stalls = [await longest_stall() for _ in range(3)]
    assert min(stalls) < 0.1, stalls


async def test_a_short_call_does_not_wait_for_a_long_one(encoder: OnnxEncoder) -> None:
    """One new post gets its vector while an archive is being embedded."""
    archive = asyncio.create_task(encoder.encode([f"{TEXTS[2]} {n}" for n in range(200)]))
    await asyncio.sleep(0)
    await encoder.encode(["a new post"])
    assert not archive.done()
    archive.cancel()
    with pytest.raises(asyncio.CancelledError):
        await archive
    assert (await encoder.encode(["and after a cancelled call all goes on"])).any()


async def test_a_long_text_is_cut_at_the_models_own_limit(encoder: OnnxEncoder) -> None:
    """500 tokens do not fail; the first 256 count (the tokenizer's file alone would stop at 128)."""
    words = ["vessel"] * 500
    late, too_late = words.copy(), words.copy()
    late[200], too_late[400] = "bicycle", "bicycle"
    vectors = await encoder.encode([" ".join(words), " ".join(late), " ".join(too_late)])
    assert not np.array_equal(vectors[0], vectors[1])
    assert np.array_equal(vectors[0], vectors[2])


async def test_every_string_has_a_vector(encoder: OnnxEncoder) -> None:
    """An empty post, blanks, and half a surrogate pair from somebody's JSON stop nothing."""
    vectors = await encoder.encode(["", " \n", "\ud83d broken"])
    assert np.abs(np.linalg.norm(vectors / 4000, axis=1) - 1).max() < 0.005
    assert (await encoder.encode([])).shape == (0, encoder.dimension)


def test_torch_is_not_imported_once_the_model_is_exported(encoder: OnnxEncoder) -> None:
    """A running service carries neither torch's memory nor its seconds of start."""
    done = as_child(
        "import asyncio, sys; from services.recommend.encoder import OnnxEncoder;"
        "print(asyncio.run(OnnxEncoder().encode(['hello'])).shape);"
        "print({'torch', 'sentence_transformers', 'transformers', 'onnx'} & set(sys.modules))"
    )
    assert done.stdout.splitlines() == [f"(1, {encoder.dimension})", "set()"], done.stderr


def test_version_names_model_variant_and_build(encoder: OnnxEncoder) -> None:
    """Vectors of two builds never meet under one name."""
    port: Encoder = encoder
    name, variant, digest, runtime = port.version.split("/")
    assert (name, variant) == ("all-MiniLM-L6-v2", "onnx-int8")
    assert len(digest) == 12
    assert runtime.startswith("onnxruntime-")


@pytest.mark.filterwarnings("default")  # torch's own
async def test_the_int8_model_says_what_the_full_model_says(encoder: OnnxEncoder) -> None:
    """Quantising costs little: cosines with plain sentence-transformers are above 0.98 in the mean."""
    pytest.importorskip("sentence_transformers")
    full = SentenceTransformersEncoder(device="cpu")
    small, plain = await encoder.encode(TEXTS), await full.encode(TEXTS)
    assert np.array_equal(plain[1], (await full.encode(TEXTS[1:2]))[0])
    await full.close()
    assert full.version.startswith("all-MiniLM-L6-v2/sentence-transformers/")
    cosines = [similarities(a[None].astype(np.float32), b)[0] for a, b in zip(small, plain, strict=True)]
    assert np.mean(cosines) > 0.98


def test_a_damaged_export_is_refused(encoder: OnnxEncoder, tmp_path: Path) -> None:
    """A file that lost its end does not quietly become another model."""
    folder = exported_folder(export.DEFAULT_MODEL)
    copy = exported_folder(export.DEFAULT_MODEL, tmp_path)
    shutil.copytree(folder, copy)
    with (copy / export.GRAPH).open("r+b") as graph:
        graph.truncate(1000)
    with pytest.raises(ModelUnavailable, match="damaged"):
        OnnxEncoder(cache_dir=tmp_path)


def test_missing_packages_are_named_with_their_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lacks torch is told what to type."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'kindling\[export\]'"):
        SentenceTransformersEncoder()


def test_a_model_that_cannot_be_had_is_a_plain_sentence(tmp_path: Path) -> None:
    """An empty folder as a model: one clear error through the child process, and nothing left behind."""
    pytest.importorskip("sentence_transformers")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        OnnxEncoder(str(tmp_path / "empty"), cache_dir=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_export_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while the model is being exported: no half-made folder that would be loaded the next time."""
    pytest.importorskip("sentence_transformers")

    def give_up(line: str) -> None:
        if "graph" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        OnnxEncoder(cache_dir=tmp_path, progress=give_up)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_exporter_leaves_nothing(tmp_path: Path) -> None:
    """The signal of Ctrl-C reaches the exporting process itself, too."""
    pytest.importorskip("sentence_transformers")
    command = [sys.executable, "-m", "services.recommend.export", export.DEFAULT_MODEL, str(tmp_path / "made")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if "graph" in line:
                child.send_signal(signal.SIGINT)
    assert child.returncode != 0
    assert list(tmp_path.iterdir()) == []


def tiny_model(folder: Path, pooling: str) -> str:
    """A model folder with random weights, for any pooling."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    sentence_transformers = pytest.importorskip("sentence_transformers")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    bert = str(folder.with_suffix(".bert"))
    transformers.BertModel(transformers.BertConfig(**shape)).save_pretrained(bert)
    transformers.AutoTokenizer.from_pretrained(export.locate(export.DEFAULT_MODEL)).save_pretrained(bert)
    modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
    parts = [modules.Transformer(bert, max_seq_length=40), modules.Pooling(32, pooling_mode=pooling)]
    sentence_transformers.SentenceTransformer(modules=parts, device="cpu").save(str(folder))
    return str(folder)


@pytest.mark.filterwarnings("default")  # torch's own
async def test_a_model_in_a_folder_keeps_its_own_pooling(tmp_path: Path) -> None:
    """A model that pools by its first token is exported so, with its own limit and dimension."""
    model, steps = tiny_model(tmp_path / "tiny", "cls"), list[str]()
    folder = exported_folder(model, tmp_path / "cache")
    export.export(model, folder, steps.append)
    assert len(steps) == 4
    assert json.loads((folder / export.CARD).read_text())["max_tokens"] == 40
    small, full = OnnxEncoder(model, cache_dir=tmp_path / "cache"), SentenceTransformersEncoder(model)
    for a, b in zip(await small.encode(TEXTS), await full.encode(TEXTS), strict=True):
        assert similarities(a[None].astype(np.float32), b)[0] > 0.98
    assert small.dimension == 32
    assert small.version.startswith("tiny/onnx-int8/")
    await small.close()
    await full.close()


@pytest.mark.filterwarnings("default")  # torch's own
def test_pooling_that_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    """Better no vectors than vectors that are not the model's."""
    model = tiny_model(tmp_path / "tiny", "max")
    with pytest.raises(ModelUnavailable, match="pools by max; only mean and cls"):
        export.export(model, tmp_path / "made", lambda _line: None)
    assert not (tmp_path / "made").exists()


async def test_only_what_is_new_is_encoded(tmp_path: Path) -> None:
    """Each text is embedded once for all times: within a call, across calls, and after a restart."""
    first = CachedEncoder(Lengths(), FileVectorCache(tmp_path / "deep" / "vectors.sqlite"))
    got = await first.encode(["a", "bb", "a", "\ud83d"])
    assert got.tolist() == [[1, -1], [2, -1], [1, -1], [1, -1]]
    assert (first.hits, first.misses) == (1, 3)
    await first.close()
    inner = Lengths()
    again = CachedEncoder(inner, FileVectorCache(tmp_path / "deep" / "vectors.sqlite"))
    texts = ["ccc", "bb", *(f"{n}" * 3 for n in range(600))]
    assert (await again.encode(texts))[:, 0].tolist() == [3, 2] + [len(f"{n}" * 3) for n in range(600)]
    assert (again.hits, again.misses) == (1, 601)
    assert "bb" not in inner.asked
    assert (await again.encode([])).shape == (0, 2)
    await again.close()
    await again.close()


async def test_vectors_of_another_version_are_not_taken(tmp_path: Path) -> None:
    """A new model does not read the old one's vectors; what is forgotten is forgotten in both."""
    cache = FileVectorCache(tmp_path / "vectors.sqlite")
    await cache.put("old", {"a": np.array([1], dtype=np.int16), "b": np.array([3], dtype=np.int16)})
    await cache.put("new", {"a": np.array([2], dtype=np.int16)})
    assert (await cache.get("new", ["a", "b"])).keys() == {"a"}
    await cache.forget(["a"])
    assert await cache.get("new", ["a", "b"]) == {}
    assert (await cache.get("old", ["a", "b"])).keys() == {"b"}
    await cache.close()


def test_several_processes_share_one_file(tmp_path: Path) -> None:
    """Parallel replays write to one cache at once, and none of them fails or loses a vector."""
    code = """
import asyncio, sys, numpy
from pathlib import Path
from services.recommend.vector_cache import FileVectorCache
async def main(path, number):
    cache = FileVectorCache(Path(path))
    for n in range(100):
        await cache.put("v", {f"{number}-{n}": numpy.array([n], dtype=numpy.int16), f"same-{n}":
            numpy.array([n], dtype=numpy.int16)})
    await cache.close()
asyncio.run(main(sys.argv[1], sys.argv[2]))
"""
    path = tmp_path / "vectors.sqlite"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(number)], env=environment) for number in range(4)
    ]
    assert [child.wait() for child in children] == [0] * 4

    async def known() -> int:
        cache = FileVectorCache(path)
        names = ["same", *map(str, range(4))]
        found = await cache.get("v", [f"{name}-{n}" for name in names for n in range(100)])
        await cache.close()
        return len(found)

    assert asyncio.run(known()) == 500
