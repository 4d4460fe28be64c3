# Two commands do everything on a fresh machine: `make app` and `make test`.

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
# Set-up asked once for the real weights; `make weights` asks again.
ASKED := $(VENV)/.asked-for-weights
STARTER := whisper-tiny.en
# At a terminal uv shows what it fetches; in a log its list of packages is noise.
QUIET := $(shell test -t 2 || echo --quiet)
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)

.PHONY: app setup weights test test-slow lint format docs bench bench-boost bench-coverage bench-faults bench-finetune bench-forgetting bench-idle bench-real bench-scale bench-start bench-sweep bench-transcribe bench-words pretrain clean

app: setup $(ASKED)  ## Start the page
	$(PYTHON) app.py $(ARGS)

setup: $(READY)  ## Make .venv with everything in it

# Where uv is missing, pip fetches it into .uv, so that nothing of the system changes.
.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

$(READY): pyproject.toml constraints.txt $(if $(filter .uv/bin/uv,$(UV)),.uv/bin/uv)
	@echo "Setting up .venv: PyTorch and its libraries are several GB, so this takes a few minutes, once."
	$(UV) venv --quiet --allow-existing --python '>=3.11,<3.14' $(VENV)
	$(UV) pip install $(QUIET) --compile-bytecode --python $(PYTHON) --constraint constraints.txt --editable . --group dev
	@touch $(READY)

# 78 MB, in one folder for all workspaces and checkouts, which `make clean` leaves. Without them everything runs on the
# bundled demo models; WORKBENCH_FETCH=0 asks for nothing.
weights: setup  ## Fetch a small real recogniser, where it is not here yet
	@if [ "$$WORKBENCH_FETCH" = 0 ]; then echo "No real weights are asked for (WORKBENCH_FETCH=0)."; \
	else $(VENV)/bin/workbench fetch $(STARTER) || echo "Going on without it; make weights tries again."; fi

$(ASKED): | $(READY)
	@$(MAKE) --no-print-directory weights
	@touch $@

# Two at a time, each on one thread: most tests wait for a browser or a process, or use one core.
PYTEST := OMP_NUM_THREADS=1 $(PYTHON) -m pytest --numprocesses 2 --dist worksteal

test: setup $(ASKED)  ## The suite, under ten minutes on two cores
	$(PYTEST) -m "not slow" $(ARGS)

test-slow: setup $(ASKED)  ## The long tests
	$(PYTEST) -m slow $(ARGS)

lint: setup  ## ruff, the type checker, and both for the page's scripts where node and npm are
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m tools.javascript.check

format: setup  ## Let ruff mend what it can
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs: setup  ## Write the tree in docs/architecture.md anew, and the pages as a site into build/site
	$(PYTHON) docs/tree.py
	@$(PYTHON) -c "import material" 2>/dev/null || \
		$(UV) pip install $(QUIET) --python $(PYTHON) --constraint constraints.txt --group docs || \
		{ echo "The site needs mkdocs-material, which cannot be fetched now; the same pages are in docs/."; exit 1; }
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict

bench: bench-coverage bench-finetune bench-idle bench-scale bench-start bench-sweep bench-transcribe bench-faults  ## All benchmarks, one after another; tables, bench/results

bench-boost bench-coverage bench-faults bench-finetune bench-forgetting bench-idle bench-real bench-scale bench-start bench-sweep bench-transcribe bench-words: bench-%: setup  ## One benchmark; bench-real and bench-forgetting take hours
	$(PYTHON) -m bench.$* $(ARGS)

# make pretrain MODEL=whisper-en MINUTES=120 BOOKS=clauses.txt CONSULTATIONS=sentences.txt FROM=assets/whisper-en
# TEACHER=assets/whisper-en (of ctc-en only) REAL="folders with manifests, scored only"
# WORK=folder of the speech and checkpoint OUT=model folder COPIES=processes side by side, one a core
# LAYERS=of the encoder, to make the model of FROM deeper RATE=peak learning rate, 1e-4 for a trained FROM on a CPU;
# all optional.
MODEL ?= ctc-en
MINUTES ?= 120
WORK ?= build/pretrain/$(MODEL)
OUT ?= $(WORK)/model
pretrain: setup  ## Make a base model from synthetic speech; a killed or longer run goes on
	$(PYTHON) $(if $(COPIES),-m torch.distributed.run --nproc-per-node $(COPIES)) -m recipes.pretrain make --model $(MODEL) --minutes $(MINUTES) --work $(WORK) --out $(OUT) \
		$(if $(BOOKS),--books $(BOOKS)) $(if $(CONSULTATIONS),--consultations $(CONSULTATIONS)) \
		$(if $(FROM),--from $(FROM)) $(if $(TEACHER),--teacher $(TEACHER)) $(if $(LAYERS),--layers $(LAYERS)) $(if $(RATE),--rate $(RATE)) $(if $(REAL),--real $(REAL))

clean:
	rm -rf $(VENV) .uv build dist
