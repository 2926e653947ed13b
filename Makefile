PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

DATA ?= ../shared/data
PEERS := benchmarks/.venv-peers
ORT_WEB := benchmarks/.ort-web

.PHONY: install serve test lint audit fuzz soak chaos format bench bench-compare bench-gpu bench-training bench-bulk bench-browser ort-web bench-tables train docker docker-test sbom docs lock clean

# uv installs in seconds what takes pip minutes. Where it cannot, as with an index that only pip is configured for, pip does.
INSTALL = { $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(BIN)/python -m pip install --quiet $(1); }

# What serving on this machine needs: VARIANT=cuda, which is the default where an NVIDIA driver answers, or VARIANT=cpu.
VARIANT ?= $(shell nvidia-smi --list-gpus >/dev/null 2>&1 && echo cuda || echo cpu)
SIZE_cpu := 0.7 GB
SIZE_cuda := 6 GB

install: $(VENV)/.installed

$(BIN)/uv: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Pleura needs Python 3.11 or newer: run make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Creating $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^setuptools==/,/[^\\]$$/p; /^uv==/,/[^\\]$$/p' requirements.txt > $(VENV)/tools.txt
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement $(VENV)/tools.txt
	@touch $@

# The recipes run again whenever the locked dependencies or the package's metadata change.
$(VENV)/.serving-%: requirements-%.txt pyproject.toml | $(BIN)/uv
	@echo "Installing what serving needs ($*): about $(SIZE_$*), once, in under a minute with a fast connection ..."
	@$(call INSTALL,--require-hashes --requirement $<)
	@$(call INSTALL,--no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/.installed: requirements.txt pyproject.toml client/pyproject.toml | $(BIN)/uv
	@echo "Installing everything, for tests and training too: about 8 GB, once, in under a minute with a fast connection ..."
	@$(call INSTALL,--require-hashes --requirement requirements.txt)
	@$(call INSTALL,--no-deps --no-build-isolation --editable . --editable client)
	@touch $@

serve: $(if $(wildcard $(VENV)/.installed),install,$(VENV)/.serving-$(VARIANT))
	PLEURA_PORT=$(PORT) $(BIN)/pleura serve

# All tests, with the coverage of the packages; it fails below the floor in pyproject.toml. TESTS=tests/app runs one
# folder, without coverage.
TESTS ?=

test: install
ifeq ($(strip $(TESTS)),)
	$(BIN)/coverage run -m pytest
	@echo "Coverage in percent, lines and branches (.venv/bin/coverage report lists the files):"
	@$(BIN)/coverage report --format=total
else
	$(BIN)/python -m pytest $(TESTS)
endif

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory audit

# Fails at a known weakness of a dependency. Where nobody can be asked, it says so and goes on.
audit: install
	$(BIN)/python -m tests.reliability.audit

# Long versions of tests/reliability. CHECKPOINT names what is served; without one, a stand-in takes the network's place.
CHECKPOINT ?=
INPUTS ?= 20000
EXAMPLES ?= 100
MINUTES ?= 5
TIMES ?= 20
SECONDS ?= 60
FILMS ?= 1000
SERVED := $(if $(CHECKPOINT),--checkpoint $(CHECKPOINT))

fuzz: install
	$(BIN)/python -m tests.reliability.fuzz --inputs $(INPUTS) --examples $(EXAMPLES) $(SERVED)

# An hour: make soak MINUTES=60
soak: install
	$(BIN)/python -m tests.reliability.soak --minutes $(MINUTES) $(SERVED)

chaos: install
	$(BIN)/python -m tests.reliability.chaos --times $(TIMES) --seconds $(SECONDS) $(SERVED)
	$(BIN)/python -m tests.pacs.dimse.killed --films $(FILMS) --kills 10
	PLEURA_TEST_DEATHS=$(TIMES) $(BIN)/python -m pytest -q tests/training/loop/test_fit.py

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train: install
	$(BIN)/pleura train --recipe strong --data $(DATA)/montgomery/train --data $(DATA)/shenzhen/train \
		--validation $(DATA)/montgomery/validation --validation $(DATA)/shenzhen/validation --out runs/strong

# docs/explanation/speed.md explains these. Nine to eleven minutes; three with BENCH=--quick. PLEURA_CHECKPOINT names another checkpoint.
bench: $(PEERS)/.installed
	$(BIN)/python -m benchmarks $(BENCH)

# Two commits in turn: make bench-compare OLD=v1.0 NEW=HEAD. Fails at a regression.
OLD ?= main
NEW ?= HEAD

bench-compare: install
	$(BIN)/python -m benchmarks.compare $(OLD) $(NEW) $(BENCH)

bench-gpu: $(PEERS)/.installed
	$(BIN)/python -m benchmarks.engines --device cuda
	$(BIN)/python -m benchmarks --device cuda $(BENCH)
	$(BIN)/python -m benchmarks.training --device cuda
	@! nvidia-smi --list-gpus >/dev/null 2>&1 || $(PEERS)/bin/python -m pip install --quiet tensorrt-cu13==11.4.0.106 || \
		echo "TensorRT cannot be installed here. Its libraries (2 GB) come from NVIDIA's own index."
	$(PEERS)/bin/python -m benchmarks.tensor_rt

bench-training: install
	$(BIN)/python -m benchmarks.training

# docs/how-to/archives.md explains it. BENCH="--images 1000 --cpus 4" takes more images and larger machines.
bench-bulk: install
	$(BIN)/python -m benchmarks.bulk $(BENCH)

# ONNX Runtime Web in Chromium, beside the service.
ORT_WEB_VERSION := 1.30.0
ORT_WEB_SHA256 := d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71

bench-browser: ort-web | install
	$(BIN)/python -m benchmarks.browser

ort-web: $(ORT_WEB)/$(ORT_WEB_VERSION)

# From npm, 33 MB, once. The folder exists only when it is complete.
$(ORT_WEB)/$(ORT_WEB_VERSION):
	@command -v npm >/dev/null || { echo "ONNX Runtime Web comes from npm: install npm first."; exit 1; }
	rm -rf $(ORT_WEB)
	mkdir -p $(ORT_WEB)
	cd $(ORT_WEB) && timeout 300 npm pack --loglevel=error onnxruntime-web@$(ORT_WEB_VERSION) >/dev/null
	echo "$(ORT_WEB_SHA256)  $(ORT_WEB)/onnxruntime-web-$(ORT_WEB_VERSION).tgz" | sha256sum --check --quiet
	tar -xzf $(ORT_WEB)/onnxruntime-web-$(ORT_WEB_VERSION).tgz -C $(ORT_WEB) \
		package/dist/ort.wasm.min.mjs package/dist/ort-wasm-simd-threaded.mjs package/dist/ort-wasm-simd-threaded.wasm
	mv $(ORT_WEB)/package/dist $@
	rm -r $(ORT_WEB)/package $(ORT_WEB)/onnxruntime-web-$(ORT_WEB_VERSION).tgz

# What was measured last, as Markdown.
bench-tables: install
	@$(BIN)/python -m benchmarks.tables

# The peers see Pleura's own packages through a .pth file, behind their own: so there is one torch, and they run the same one.
$(PEERS)/.installed: benchmarks/requirements-peers.txt | install
	test -x $(PEERS)/bin/python || $(BIN)/python -m venv $(PEERS)
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(PEERS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/pleura.pth"
	$(PEERS)/bin/python -m pip install --quiet --requirement benchmarks/requirements-peers.txt
	touch $@

# The image pleura:cpu, or pleura:cuda. BASE_IMAGE and DOCKER_BUILD_FLAGS are explained in deploy/image/build.
docker:
	deploy/image/build $(VARIANT)

docker-test: install
	@docker info >/dev/null 2>&1 || { echo "No Docker engine answers here: start one, or join its group."; exit 1; }
	$(MAKE) --no-print-directory docker
	PLEURA_TEST_IMAGE=pleura:$(VARIANT) $(BIN)/python -m pytest tests/docker

# The documentation site, in site/. A broken link or anchor fails it.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# A bill of materials (CycloneDX) for each image, from its lock file.
SBOM ?= sbom

sbom: install
	mkdir -p $(SBOM)
	for variant in cpu cuda; do \
		$(BIN)/python -W ignore -m cyclonedx_py requirements requirements-$$variant.txt --pyproject pyproject.toml \
			--output-reproducible --of JSON --output-file $(SBOM)/pleura-$$variant.cdx.json || exit 1; \
	done

# Writes the lock files, with their hashes and without an index: everything, and what each image holds of it.
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
IMAGE := --extra otel --extra dimse

lock: install
	$(LOCK) --extra dev --extra train --extra export --extra ray $(IMAGE) --output-file requirements.txt
	$(LOCK) $(IMAGE) --no-annotate --constraint requirements.txt --output-file requirements-cpu.txt
	$(LOCK) --extra train --extra export $(IMAGE) --no-annotate --constraint requirements.txt --output-file requirements-cuda.txt
