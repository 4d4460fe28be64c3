"""MMS: one wav2vec 2.0 for a thousand languages, each with an adapter in every layer and an output layer of its own.

An adapter lies beside the model as adapter.CODE.safetensors and is fetched from the hub when its language is first
asked for; the pickled ones (.bin) are never opened. Choosing a language exchanges the adapters' and the head's weights
in place and tells the tokenizer. It changes what every layer computes, so it comes before the cache's key is made and
before anything learns. Paper: Pratap et al. 2023, "Scaling speech technology to 1,000+ languages" (arXiv 2305.13516).
"""

import hashlib
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download
from safetensors.torch import load_file
from torch import Tensor, nn

from workbench.asr.weights.soundness import check_finite
from workbench.core.text.languages import find_code, long_codes, short_code
from workbench.core.types import ModelSpec
from workbench.errors import ModelError
from workbench.language.said import say

HEAD = ("lm_head.weight", "lm_head.bias")


class LanguageAdapters:
    """The languages of one loaded MMS model.

    Args:
        spec: Where the model came from.
        model: A Wav2Vec2ForCTC with language adapters.
        tokenizer: Its tokenizer, which knows each language's letters.
    """

    def __init__(self, spec: ModelSpec, model: Any, tokenizer: Any) -> None:
        self.spec, self.model = spec, model
        self.folder = Path(model.config._name_or_path)
        self.own: str = tokenizer.target_lang  # its adapter is part of the model's own file
        self.chosen = self.own
        self.identity = self.own  # for caches: the language, and which weights it has
        self._own_weights: dict[str, Tensor] = {}

    def codes(self, tokenizer: Any) -> set[str]:
        """MMS's own codes, such as "deu" or "cmn-script_simplified", of the languages that can be had."""
        if self.spec.source == "hub":
            return set(tokenizer.vocab)
        return {c for c in tokenizer.vocab if c == self.own or self._file(c).is_file()}

    def known(self, tokenizer: Any) -> frozenset[str]:
        """All codes that `choose` takes, ISO 639-1 among them."""
        codes = self.codes(tokenizer)
        short = {short_code(code.split("-")[0]) for code in codes}
        return frozenset(codes | {code for code in short if code})

    def choose(self, language: str | None, tokenizer: Any) -> None:
        """Load a language's adapters and letters; None stands for the language that the model came with.

        Raises:
            ModelError: No such language, or its adapter is not here, damaged, or cannot be fetched.
        """
        code = self.own if language is None else self._code(language, tokenizer)
        if code == self.chosen:
            return
        if not self._own_weights:
            self._own_weights = {n: p.detach().clone() for n, p in self.model._get_adapters().items()}
        weights = self._own_weights if code == self.own else self._read(code)
        self._load(weights)
        tokenizer.set_target_lang(code)
        self.chosen = self.model.target_lang = code
        self.identity = code if code == self.own else f"{code} {_hash_of(weights)}"

    def _code(self, language: str, tokenizer: Any) -> str:
        codes = sorted(self.codes(tokenizer))
        found = find_code(language, codes)
        if found:
            return found
        raise ModelError(
            say(
                "The model {name} has no adapter for the language {language} "
                "(adapter.{long_codes}.safetensors); it has {codes}{value}. Put the adapter's file "
                "beside the model, or choose another model.",
                name=self.spec.name,
                language=language,
                long_codes=long_codes(language)[0],
                codes=", ".join(codes[:20]),
                value=" …" if len(codes) > 20 else "",
            )
        )

    def _file(self, code: str) -> Path:
        return self.folder / f"adapter.{code}.safetensors"

    def _read(self, code: str) -> dict[str, Tensor]:
        file = self._file(code)
        try:
            if not file.is_file() and self.spec.source == "hub":
                file = Path(hf_hub_download(self.spec.location, file.name))
            weights = load_file(file)
        except Exception as e:  # files and the hub's client raise many kinds; each becomes the same sentence
            raise ModelError(
                say(
                    "The adapter {name} of {name2} cannot be read or fetched ({name3}); go online "
                    "once, or fetch it again.",
                    name=file.name,
                    name2=self.spec.name,
                    name3=type(e).__name__,
                )
            ) from e
        if not self._fits(weights):
            raise ModelError(
                say(
                    "The adapter {adapter} does not fit the model {model}: it holds other weights; fetch both again.",
                    adapter=file.name,
                    model=self.spec.name,
                )
            )
        whose = say("The adapter {adapter} of {model}", adapter=file.name, model=self.spec.name)
        check_finite(whose, weights, say("fetch it again"))
        return weights

    def _fits(self, weights: dict[str, Tensor]) -> bool:
        """Whether these are an adapter's weights; languages differ in the number of letters alone."""
        needed = {n: (*p.shape[1:],) if n in HEAD else (*p.shape,) for n, p in self.model._get_adapters().items()}
        found = {n: (*w.shape[1:],) if n in HEAD else (*w.shape,) for n, w in weights.items()}
        return needed == found and len({len(weights[n]) for n in HEAD}) == 1

    def _load(self, weights: dict[str, Tensor]) -> None:
        old = self.model.lm_head
        size = len(weights["lm_head.bias"])
        self.model.lm_head = nn.Linear(old.in_features, size, device=old.weight.device)
        self.model.config.vocab_size = size
        self.model.load_state_dict(weights, strict=False)


def _hash_of(weights: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def adapters_of(spec: ModelSpec, model: Any, tokenizer: Any) -> LanguageAdapters | None:
    """The model's languages; None for a model that has no such choice."""
    several = getattr(tokenizer, "target_lang", None) and getattr(model.config, "adapter_attn_dim", None)
    return LanguageAdapters(spec, model, tokenizer) if several else None
