# make lab        install, then open JupyterLab on the first notebook
# make test       install, then run every test
# make tour       the whole journey without a notebook; writes build/tour/index.html
# make notebooks  run every notebook in a fresh kernel and save it with its pictures
# make oldest     the doors with the oldest transformers that kgwb admits, in an environment of its own
# make newest     the same with the newest of all that it admits; torch as tested, NEWEST=torch for its newest as well
# make gallery    every view as page and picture, photographed light and dark, in build/gallery (needs a browser)
# make site       the course as a folder of static pages, build/site, that opens from a memory stick: notebooks, movable views,
#                 reference, search, answers; handouts (PDF) too where there is a browser
# make bench      the figures named in the benchmarks
# make fuzz       damaged files and odd inputs, 10,000 of them; make fuzz FUZZ=100000 for a night
# make lint       ruff and mypy
# make assets     lint, check, test and build the scripts of the views (development only, needs Node.js)
# make lock       write the three requirements.lock anew, after a change of a version (development only)
# make wheelhouse everything that `make lab` installs, as files in build/wheelhouse; in a room without network, with that folder
#                 on a stick: make lab OFFLINE=path/to/wheelhouse
# make dist       a wheel and a source archive in dist, with the sample graphs inside
# make audit      known holes in what is installed; asks the network, so not part of the tests (development only)

PYTHON ?= python3
# Benchmark data lie beside the checkout where there are any; tests that need them skip elsewhere and say so.
KGWB_DATA ?= $(abspath $(wildcard ../shared/data))
export KGWB_DATA
# Threads that wait should sleep: where the processor is shared, spinning makes training ten times slower.
export OMP_WAIT_POLICY ?= PASSIVE

BIN := .venv/bin
# Where there is no network, packages come from the folder that OFFLINE names.
FROM := $(if $(OFFLINE),--no-index --find-links=$(abspath $(OFFLINE)))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(FROM)
JOURNEY := notebooks/00_the_whole_journey.ipynb
STAMPS := .venv/stamps

.PHONY: help lab test oldest newest tour notebooks gallery site bench fuzz lint assets lock wheelhouse dist audit install clean
help:
	@sed -n 's/^# make/make/p' Makefile

# An untrusted notebook shows its still pictures as text; these come with the checkout. Nobody is asked about news, which
# would come from the network, and no update is looked for there.
QUIET := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}
lab: install
	@$(BIN)/jupyter trust notebooks/*.ipynb >/dev/null
	@mkdir -p .venv/share/jupyter/lab/settings
	@echo '$(QUIET)' > .venv/share/jupyter/lab/settings/overrides.json
	$(BIN)/jupyter lab $(JOURNEY) $(ARGS)

# Files side by side, one to a process, in the order of tests/conftest.py: left to itself pytest-xdist begins with the files of
# most tests, and waits at the end for the few that take long. Each process keeps to one thread, for two that share a core
# wait for each other.
test: $(STAMPS)/tests $(STAMPS)/kgwb
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder $(ARGS)

oldest: tests/oldest.txt
	$(PYTHON) -m venv build/oldest
	build/oldest/bin/pip install --quiet torch==2.13.0
	build/oldest/bin/pip install --quiet -r tests/oldest.txt
	build/oldest/bin/pip install --quiet --no-deps --editable .
	build/oldest/bin/python -m pytest tests/bert tests/learn $(ARGS)

# In an environment that is empty but for torch, pip takes the newest that the ranges admit.
NEWEST ?= torch==2.13.0
newest:
	$(PYTHON) -m venv build/newest
	build/newest/bin/pip install --quiet $(NEWEST)
	build/newest/bin/pip install --quiet --editable ".[formats,bert,see]" pytest pytest-timeout hypothesis jaxtyping beartype
	build/newest/bin/python -m pytest tests/bert tests/learn $(ARGS)

tour: install
	$(BIN)/python -m kgwb tour --graph sample_graphs/archipelago --out build/tour

notebooks: install
	$(BIN)/python tests/notebooks/saving.py notebooks/*.ipynb

gallery: $(STAMPS)/tests $(STAMPS)/kgwb
	HF_HUB_OFFLINE=1 $(BIN)/python tests/browser/gallery.py

# The pages of the views need kgwb; the site is built in an environment of its own (tests/browser/site/conf.py says why).
SITE := build/site-env
site: $(STAMPS)/tests $(STAMPS)/kgwb $(SITE)/stamp
	HF_HUB_OFFLINE=1 $(BIN)/python tests/browser/gallery.py --pages build/site-views
	$(SITE)/bin/python tests/browser/site/building.py
	$(BIN)/python tests/browser/site/handouts.py

$(SITE)/stamp: tests/browser/site/requirements.lock
	$(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check $(FROM) --no-deps --require-hashes -r $<
	@touch $@

bench: $(STAMPS)/tests $(STAMPS)/kgwb
	@for script in tests/benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

FUZZ ?= 10000
fuzz: $(STAMPS)/tests $(STAMPS)/kgwb
	KGWB_FUZZ=$(FUZZ) OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --dist=worksteal tests/fuzz tests/embed/test_damaged_files.py tests/saving tests/test_wrong_kinds.py $(ARGS)

lint: $(STAMPS)/tests $(STAMPS)/kgwb
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

assets:
	cd kgwb/see/js && npm ci --no-audit --no-fund && npm run all

# torch is left out: each platform has a build of its own, and it is installed first, alone.
LOCK = build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	echo torch > build/lock/left-out.txt
	$(LOCK) --excludes build/lock/left-out.txt requirements.txt --output-file requirements.lock
	$(LOCK) --excludes build/lock/left-out.txt --constraints requirements.lock requirements.txt tests/requirements.txt \
		--output-file tests/requirements.lock
	$(LOCK) tests/browser/site/requirements.txt --output-file tests/browser/site/requirements.lock

# The build backend is there for kgwb itself, which is installed from its source. What has no wheel is made one here, so that
# the room needs no compiler.
FETCH = $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --wheel-dir build/wheelhouse
wheelhouse: $(STAMPS)/torch
	$(FETCH) torch==2.13.0
	$(FETCH) --no-deps --require-hashes -r requirements.lock
	$(FETCH) "hatchling>=1.25" editables
	@du -sh build/wheelhouse

dist:
	rm -rf dist
	$(PYTHON) -m venv build/dist
	build/dist/bin/pip install --quiet --disable-pip-version-check build
	build/dist/bin/python -m build --quiet --outdir dist .
	@ls -l dist

audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet pip-audit
	build/audit/bin/pip-audit --require-hashes --disable-pip --requirement requirements.lock

clean:
	rm -rf build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache

install: $(STAMPS)/requirements $(STAMPS)/kgwb

# Each stamp is newer than the file it answers to, so nothing is installed twice. torch comes first and alone: it is
# the one large download, and with it in place no other package asks for another build of it.
$(STAMPS)/torch:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ $(PYTHON) --version; echo "kgwb needs Python 3.11 or newer. Name one: make PYTHON=python3.12 lab"; exit 1; }
	@echo "Installing into .venv; the first time takes some minutes."
	$(PYTHON) -m venv .venv
	$(PIP) torch==2.13.0
	@mkdir -p $(STAMPS) && touch $@

# Everything else comes from a lock: every package by version and SHA-256, and nothing that is not in it.
$(STAMPS)/requirements: requirements.lock $(STAMPS)/torch
	$(PIP) --no-deps --require-hashes -r requirements.lock
	@touch $@

$(STAMPS)/tests: tests/requirements.lock $(STAMPS)/requirements
	$(PIP) --no-deps --require-hashes -r tests/requirements.lock
	@touch $@

$(STAMPS)/kgwb: pyproject.toml $(STAMPS)/requirements
	$(PIP) --no-deps --editable .
	@touch $@
