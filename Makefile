# make demo: set up and run on the sample studies.  make test: set up and run the tests.  make lint: ruff and mypy.
# make docs: the documentation as a site in build/site.
# On a fresh machine with Python 3.11 or newer and nothing else. PYTHON=... chooses the interpreter.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
# a stamp per kind of install: the demo takes what a user gets, the tests an editable install
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test lint docs clean

demo: $(VENV)/.installed
	@rm -rf demo_findings
	$(BIN)/ho-detect run sample_dicom --out demo_findings
	@echo
	@echo "Open in a browser: $(CURDIR)/demo_findings/index.html"
	@echo "  beside it summary.csv, lesions.csv, studies.csv, and a folder for each study with report.html and findings.json"

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-test
	$(BIN)/python -m sphinx -q -W --keep-going -b html -d build/doctrees docs build/site

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt $(shell find ho_detect -name '*.py' -o -name '*.json' -o -name '*.npz' -o -path '*/templates/*') | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt .
	@rm -f $(VENV)/.installed-test
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,lint,docs]'
	@rm -f $(VENV)/.installed
	@touch $@

clean:
	rm -rf $(VENV) demo_findings build dist *.egg-info
