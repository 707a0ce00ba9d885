# Every target prepares .venv first, from the pinned requirements; nothing is done twice.
# Plain POSIX sh and GNU make 3.81 or later (macOS has 3.81). Windows: see README.md.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first of these that is 3.11 or newer makes .venv; name your own with PYTHON=...
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3 python
PORT ?= 8000
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
NOTEBOOKS := $(wildcard book/*.ipynb)

# The stamp is written last and holds the folder it was written in: without it, with a Python that
# is gone, or after the folder was moved or copied, .venv is made anew.
ifneq ($(shell test -x $(PY) && cat $(INSTALLED) 2>/dev/null),$(CURDIR))
$(shell rm -f $(INSTALLED))
endif

USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

$(INSTALLED): requirements-dev.txt pyproject.toml
	@set -e; \
	if test -f $(INSTALLED); then rm -f $(INSTALLED); else \
	  found=; \
	  for candidate in $(PYTHON); do \
	    if $$candidate -c "$(USABLE)" >/dev/null 2>&1; then found=$$candidate; break; fi; \
	  done; \
	  if test -z "$$found"; then \
	    echo "No Python 3.11 or newer with the venv module found (tried: $(PYTHON)). Install one (Debian, Ubuntu: apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$found"; \
	  $$found -m venv --clear $(VENV); \
	fi; \
	echo "Installing the pinned packages into $(VENV): a minute or two, this once"; \
	$(PY) -m pip install -qq --disable-pip-version-check -r requirements-dev.txt; \
	$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	printf '%s\n' '$(CURDIR)' > $(INSTALLED)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	  while IFS='|' read -r name text; do printf '  make %-18s %s\n' "$$name" "$$text"; done

.PHONY: venv
venv: $(INSTALLED) ## make or update .venv from requirements-dev.txt

.PHONY: book
book: $(INSTALLED) ## execute the notebooks and build the book, strictly, into _build/html
	@$(PY) tools/build_book.py

.PHONY: serve
serve: book ## show the built book on http://localhost:8000 (PORT=... for another)
	@echo "The book is on http://localhost:$(PORT)/ (Ctrl-C stops it)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

.PHONY: lab
lab: $(INSTALLED) ## open the notebooks in JupyterLab
	@$(PY) -m jupyterlab book

.PHONY: test
test: $(INSTALLED) ## run all tests, every notebook's stored numbers among them (ARGS="-k name")
	@$(PY) -m pytest -n auto $(ARGS)

.PHONY: bench
bench: $(INSTALLED) ## measure what is fast against what, into benchmarks/results.json (ARGS="--rows small")
	@$(PY) -m benchmarks $(ARGS)

.PHONY: browser-tools
browser-tools: $(INSTALLED)
	@$(PY) tools/vendor.py
	@$(PY) tools/browser.py

.PHONY: test-browser
test-browser: browser-tools book ## test the built book in Chromium, without a network (ARGS="-k name")
	@$(PY) -m pytest -n 2 tests/browser $(ARGS)

.PHONY: offline
offline: book ## zip the book for reading without a network, into _build/
	@$(PY) tools/offline.py

.PHONY: pdf
pdf: browser-tools book ## print the whole book into _build/weight-initialization.pdf
	@$(PY) tools/pdf.py

.PHONY: lint
lint: $(INSTALLED) ## check style, types and the form of the notebooks
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) tools/notebooks.py check $(NOTEBOOKS)
	@$(PY) -m mypy

.PHONY: execute-notebooks
execute-notebooks: $(INSTALLED) ## run notebooks in place and clean them (NOTEBOOKS=book/02_x.ipynb)
	@$(PY) tools/execute_notebooks.py $(NOTEBOOKS)

.PHONY: clean-notebooks
clean-notebooks: $(INSTALLED) ## drop pictures and metadata noise from the notebooks
	@$(PY) tools/notebooks.py clean $(NOTEBOOKS)

.PHONY: test-attacks
test-attacks: $(INSTALLED) ## try every attack on the grader, interrupt and repeat it: two minutes, needs bubblewrap
	@ATTACKS=yes $(PY) -m pytest -n 2 $(addprefix tests/assignments/test_,attacks.py interrupt.py again.py) $(ARGS)

# The instructor's day (book/instructors_guide.md). SET=ps1 names a problem set.
SET ?=
FROM ?=
ROSTER ?=
STUDENTS ?=
UNPROTECTED ?=
GRADING := PYTHONPATH=assignments PYTHONDONTWRITEBYTECODE=1 $(PY) -m grading

.PHONY: assignments
assignments: $(INSTALLED) ## make the students' versions and their zips (STUDENTS=https://... for links)
	@$(GRADING) assignments --set "$(SET)" --students "$(STUDENTS)"

.PHONY: check-assignments
check-assignments: $(INSTALLED) ## grade each set's solution (all points) and untouched version (none)
	@$(GRADING) check --set "$(SET)" --unprotected "$(UNPROTECTED)"

.PHONY: collect
collect: $(INSTALLED) ## take in submissions: SET=ps1 FROM=folder-or-zip (ROSTER=roster.csv)
	@$(GRADING) collect --set "$(SET)" --from "$(FROM)" --roster "$(ROSTER)"

.PHONY: grade
grade: $(INSTALLED) ## grade what is new or changed, in a sandbox: SET=ps1
	@$(GRADING) grade --set "$(SET)" --unprotected "$(UNPROTECTED)"

.PHONY: formgrader
formgrader: $(INSTALLED) ## mark the written answers in the browser
	@cd assignments && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" python -m jupyterlab --ServerApp.default_url=/formgrader

.PHONY: feedback
feedback: $(INSTALLED) ## write feedback as HTML, a file a student: SET=ps1
	@$(GRADING) feedback --set "$(SET)"

.PHONY: grades
grades: $(INSTALLED) ## export all marks: a CSV for a spreadsheet and one for Canvas
	@$(GRADING) grades --roster "$(ROSTER)"

# uv only resolves here; nothing else needs it. The outputs name no index and no path.
UV := _build/uv/bin/uv --no-config pip compile --quiet --upgrade --universal --python-version 3.11 \
  --fork-strategy fewest --no-annotate --custom-compile-command "make lock" pyproject.toml

.PHONY: lock
lock: $(INSTALLED) ## resolve both requirements files anew from pyproject.toml
	@$(PY) -m venv _build/uv
	@_build/uv/bin/python -m pip install -qq --disable-pip-version-check uv==0.13.9
	@rm -f _build/requirements.txt _build/requirements-dev.txt
	@$(UV) --extra lab --extra book --extra test --extra instructor --extra browser -o _build/requirements-dev.txt
	@$(UV) --extra lab -c _build/requirements-dev.txt -o _build/requirements.txt
	@printf '# the package itself\n.\n' >> _build/requirements.txt
	@mv _build/requirements.txt _build/requirements-dev.txt .

.PHONY: clean
clean: ## remove everything built, and the caches (.venv stays)
	rm -rf _build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +
