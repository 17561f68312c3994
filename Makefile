# Every target redoes only what changed; long steps print a line each, their whole output goes to dist/logs/.
# Targets share .venv and the engine. Recipes read values of the command line from the environment ("$$TAG"), not as text of theirs.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: bench bench-cluster browser fuzz help kubeconfig pictures python demo test test-cluster tools images buildpack package builder venv lint lock clean
.PHONY: announce audit check containers cosign distributions login newest notes notice notify publish released upload version

# Any Python from 3.11 on: make PYTHON=python3.12 demo
PYTHON ?= python3
MINUTES ?= 10
RUN := PYTHONDONTWRITEBYTECODE=1 $(PYTHON)
VENV := .venv/bin
# make lock UPGRADE=--upgrade, or UPGRADE="--upgrade-package NAME"
UPGRADE ?=
# How `make upload` authenticates at PyPI, and more options for it.
TRUSTED ?= always
UPLOAD ?=
PIP_COMPILE := $(VENV)/pip-compile $(UPGRADE) --quiet --allow-unsafe --generate-hashes --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --strip-extras

UV_COMPILE := $(VENV)/uv pip compile $(UPGRADE) --quiet --universal --python-version=3.11 --generate-hashes --no-emit-index-url --custom-compile-command="make lock"

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 15

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, and %s is %s\nWhat to do: name another one, for example: make PYTHON=python3.12 demo" % (sys.executable, sys.version.split()[0]))'

demo: python ## build an HTTP and a CloudEvent function, run them in containers and call them
	@$(RUN) -m tools.demo

test: builder cosign browser lint ## run the linters, the type checker and all tests
	@$(VENV)/python -m pytest -n auto --dist loadfile

test-cluster: kubeconfig builder ## run the tests on the Kubernetes cluster that KUBECONFIG selects: see docs/testing.md
	$(VENV)/python -m pytest tests/cluster

kubeconfig:
	@test -n "$$KUBECONFIG" || { printf 'error: KUBECONFIG is not set\nWhat to do: set it to the kubeconfig file of a cluster for tests, as docs/testing.md describes\n' >&2; exit 1; }

check: lint ## run the linters, the type checker and the tests that need no container and no browser
	@$(VENV)/python -m pytest -n auto --dist loadfile tests/unit tests/integration --ignore tests/integration/cli/test_page.py

containers: builder cosign ## run only the tests with real builds and containers
	@$(VENV)/python -m pytest -n auto --dist loadfile tests/images

fuzz: venv ## run the fuzz targets at random for 10 minutes, or as long as MINUTES says
	FUZZ_MINUTES=$(MINUTES) $(VENV)/python -m pytest tests/fuzz

lint: venv ## run ruff and mypy
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy

builder: python ## create the builder image funcpack/builder, and everything it needs
	@$(RUN) -m tools.make builder

buildpack: python ## create only the buildpack, in dist/buildpack, for TARGET_ARCH=amd64 or arm64
	@$(RUN) -m tools.make buildpack

package: python ## package the buildpack as dist/funcpack-python-VERSION.cnb, for use in other builders
	@$(RUN) -m tools.make package

distributions: venv ## build the wheels and source distributions for PyPI in dist/pypi, and check them
	@$(VENV)/python -m tools.distributions

audit: venv ## compare everything that is locked with the known vulnerabilities of Python packages and Go modules
	@$(VENV)/python -m tools.audit

version: python ## set the version of the next release in all files that name it: make version VERSION=1.2.0, or 1.2.0-rc.1
	@$(RUN) -m tools.version "$$VERSION"

notes: venv ## check that everything is ready for the release of TAG=v1.2.0, and write its notes to dist/notes.md
	@$(VENV)/python -m tools.release_notes -- "$$TAG"

upload: venv ## upload dist/pypi to PyPI, from a workflow that PyPI trusts
	@$(VENV)/python -m tools.upload --trusted-publishing $(TRUSTED) $(UPLOAD)

announce: python ## create the release TAG=v1.2.0 on GitHub, with the notes and the distributions
	@$(RUN) -m tools.github announce -- "$$TAG"

login: ## log in to REGISTRY as REGISTRY_USER, with the token in the variable REGISTRY_TOKEN
	@test -n "$$REGISTRY" -a -n "$$REGISTRY_USER" -a -n "$$REGISTRY_TOKEN" || { printf 'error: REGISTRY, REGISTRY_USER or REGISTRY_TOKEN is not set\nWhat to do: set all three\n' >&2; exit 1; }
	@echo "$$REGISTRY_TOKEN" | docker login --username "$$REGISTRY_USER" --password-stdin "$$REGISTRY"

newest: venv ## allow the newest releases of the dependencies, pack and lifecycle in the working tree, to test with them
	@$(VENV)/python -m tools.newest
	@$(MAKE) lock UPGRADE=--upgrade
	@git --no-pager diff --stat

released: python ## check out the newest release, which is not a candidate
	@$(RUN) -m tools.released

notice: images venv ## write to dist/notice.md what is new in the run image, compared with the one in REGISTRY
	@$(VENV)/python -m tools.rebase_notice --registry="$$REGISTRY"

notify: python ## open an issue with dist/notice.md, if the run image has new packages
	@$(RUN) -m tools.github notify

publish: python ## push all images to REGISTRY=host/prefix, as VERSION=x.y.z or the version of the sources, and sign them with SIGNING_KEY=cosign.key; see CONTRIBUTING.md
	@$(RUN) -m tools.publish --registry="$$REGISTRY" --version="$$VERSION" $${ARCHITECTURES:+--architectures $$ARCHITECTURES}

images: python ## create the base images funcpack/run and funcpack/build, again with REFRESH=1 to get fixes of Debian
	@$(RUN) -m tools.make images

tools: python ## build the pinned pack and lifecycle in .tools
	@$(RUN) -m tools.make tools

cosign: python ## build the pinned cosign in .tools, which signs images: takes minutes
	@$(RUN) -m tools.make cosign

venv: python ## create the development environment .venv
	@$(RUN) -m tools.make venv

browser: python ## install Chromium for the tests of the page, if it is missing
	@$(RUN) -m tools.make browser

bench: builder ## measure serving, building and the command line tool next to the alternatives, and health checks, for docs/benchmarks: about 55 minutes
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --require-hashes --requirement benchmarks/requirements/plot.txt
	$(VENV)/python -m benchmarks.serve --output docs/benchmarks
	$(VENV)/python -m benchmarks.cli --output docs/benchmarks
	$(VENV)/python -m benchmarks.build --output docs/benchmarks
	$(VENV)/python -m benchmarks.health --output docs/benchmarks

bench-cluster: kubeconfig builder ## measure functions on the Kubernetes cluster that KUBECONFIG selects, for docs/benchmarks: about 15 minutes
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --require-hashes --requirement benchmarks/requirements/plot.txt
	$(VENV)/python -m benchmarks.cluster --output docs/benchmarks

pictures: venv browser ## make the pictures in README.md from the tool; the ports 8080 and 8081 must be free
	@$(VENV)/python -m tools.pictures

lock: venv ## update the lock files, within the ranges of the .in files and pyproject.toml
	$(PIP_COMPILE) --output-file=invoker/requirements.txt invoker/requirements.in
	$(PIP_COMPILE) --output-file=requirements/uv.txt requirements/uv.in
	$(PIP_COMPILE) --constraint=invoker/requirements.txt --output-file=requirements/otel.txt requirements/otel.in
	$(PIP_COMPILE) --constraint=invoker/requirements.txt --output-file=requirements/applications.txt requirements/applications.in
	$(PIP_COMPILE) --constraint=invoker/requirements.txt --output-file=requirements/dev.txt invoker/requirements.in requirements/cli.in requirements/gcp.in requirements/kubernetes.in requirements/dev.in requirements/uv.in
	for name in fastapi flask func-python functions-framework starlette uvicorn; do $(UV_COMPILE) --output-file=benchmarks/requirements/$$name.txt benchmarks/requirements/$$name.in; done
	$(UV_COMPILE) --constraint=requirements/dev.txt --output-file=benchmarks/requirements/plot.txt benchmarks/requirements/plot.in
	$(PIP_COMPILE) --constraint=requirements/dev.txt --output-file=requirements/build.txt requirements/build.in
	$(PIP_COMPILE) --output-file=requirements/samples.txt requirements/samples.in
	$(PIP_COMPILE) --output-file=requirements/sbom.txt requirements/sbom.in
	$(PIP_COMPILE) --output-file=requirements/release.txt requirements/release.in

clean: ## remove everything that was built, except the images in the container engine
	rm -rf dist .tools .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
