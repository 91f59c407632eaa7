# `make` alone lists the targets. Each of them does by itself whatever has to be done before.

.DEFAULT_GOAL := help
.PHONY: help install run dev test lint bench bench-quick bench-peers soak audit clean

PYTHONS := $(or $(PYTHON),python3.11 python3.12 python3.13 python3)
PIP_INSTALL := .venv/bin/python -m pip install --disable-pip-version-check --require-hashes
# With nothing configured it is the demo that runs.
DEMO := if [ -z "$${BANKER_SECRET_KEY+x}$${BANKER_CONFIG+x}$${BANKER_DEMO+x}" ]; then export BANKER_DEMO=1 BANKER_SERVER__LOG_FORMAT=text; fi

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

install: .venv/installed ## .venv with the service and its speech engines (PYTHON=… picks the interpreter)

run: .venv/installed ## serves on http://localhost:8081 (PORT=… picks another port); the demo when nothing is configured
	@$(DEMO); exec .venv/bin/python -m gunicorn app:app

dev: .venv/installed ## the same with Flask's own server, which starts anew on every change
	@$(DEMO); exec .venv/bin/python -m flask --app app run --debug --port "$${PORT:-8081}" \
		--extra-files "$$(find "$${BANKER_CONFIG:-config}" -name '*.toml' | paste -sd : -)"

test: .venv/installed-dev ## all tests (ARGS="tests/http -x" picks some), with what they need from the distribution
	@sh tests/install-tools.sh
	@$(MAKE) --no-print-directory build/clients/installed
	@env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -m pytest -q --numprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/installed-dev ## ruff, mypy and the import contracts
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy --strict banker
	.venv/bin/lint-imports

audit: build/audit/installed ## asks PyPI for known holes in all packages (0: none, 1: some, 2: cannot be asked)
	@build/audit/bin/python tests/known_holes.py

bench: .venv/installed-dev ## what a session costs (ARGS=… goes to bench.run)
	@.venv/bin/python -m bench.run $(ARGS)

bench-quick: .venv/installed-dev ## a few of these figures within 90 s
	@.venv/bin/python -m bench.run --quick

bench-peers: .venv/installed-dev build/peers/installed ## Pipecat and FastRTC beside it, on the same core in the same run
	@.venv/bin/python -m bench.peers.run build/peers/bin/python $(ARGS)

soak: .venv/installed-dev ## an hour of talk and 1,000 calls: does anything grow? (DURATION=seconds CALLS=… SESSIONS=…)
	@.venv/bin/python -m bench.soak $(if $(DURATION),--duration $(DURATION)) $(if $(CALLS),--calls $(CALLS)) \
		$(if $(SESSIONS),--sessions $(SESSIONS)) $(ARGS)

clean: ## removes .venv and every cache
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: requirements.txt requirements-speech.txt | .venv/bin/pip
	@echo "Installing the service and its speech engines into .venv (a download of about 300 MB, once)"
	@$(PIP_INSTALL) -r requirements.txt -r requirements-speech.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt requirements-piper.txt .venv/installed
	@echo "Installing what tests and lint need into .venv (about 180 MB more, once)"
	@$(PIP_INSTALL) -r requirements-dev.txt -r requirements-piper.txt
	@touch $@

build/audit/installed: requirements-audit.txt | .venv/bin/pip
	@.venv/bin/python -m venv --clear build/audit
	@build/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@

build/clients/installed: tests/clients/package-lock.json
	@echo "Installing the WebRTC stacks of tests/clients from npm into build/clients (60 MB, once)"
	@mkdir -p build/clients && cp tests/clients/package.json tests/clients/package-lock.json build/clients
	@npm ci --prefix build/clients --silent --no-audit --no-fund
	@touch $@

build/peers/installed: requirements-peers.txt | .venv/bin/pip
	@echo "Installing Pipecat and FastRTC into build/peers (about 1.5 GB, once)"
	@.venv/bin/python -m venv --clear build/peers
	@build/peers/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-peers.txt
	@touch $@

# pip is what comes last into a new environment: without it one was begun and not finished.
.venv/bin/pip:
	@suitable= complete=; \
	for python in $(PYTHONS); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		suitable=$$python; \
		if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then complete=$$python; break; fi; \
	done; \
	if [ -z "$$suitable" ]; then \
		echo "Python 3.11 or newer is needed, and none of these is one: $(PYTHONS). Install it, or name it: make PYTHON=/path/to/python" >&2; exit 1; \
	elif [ -z "$$complete" ]; then \
		echo "$$suitable has no venv module. On Debian: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making .venv with $$("$$complete" --version)"; \
	"$$complete" -m venv --clear .venv
