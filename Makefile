# make demo           a project from the default answers, and the pack of its sample data    py -m nox -s demo
# make demo-answered  the same for a fictional council that has answered everything          py -m nox -s demo_answered
# make test           all tests                                                              py -m nox -s tests
# make lint           the style checks                                                       py -m nox -s lint
#
# Needs Python 3.11 or newer and git, and nothing else; everything is made in build/ and can be repeated or deleted.
# On the right: the same without make, on Windows for instance, after: py -m pip install --user nox

PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$python; break; }; done)
NOX := build/tools/bin/python -m nox

.PHONY: demo demo-answered test lint lab lock clean

demo: build/tools/made          # Windows: py -m nox -s demo
	@$(NOX) -s demo

demo-answered: build/tools/made # Windows: py -m nox -s demo_answered
	@$(NOX) -s demo_answered

test: build/tools/made          # Windows: py -m nox -s tests
	@$(NOX) -s tests

lint: build/tools/made          # Windows: py -m nox -s lint
	@$(NOX) -s lint

lab: build/tools/made           # Windows: py -m nox -s lab
	@$(NOX) -s lab

lock: build/tools/made          # Windows: py -m nox -s lock
	@$(NOX) -s lock

clean:                          # Windows: delete the folder build
	rm -rf build

build/tools/made: requirements-tools.lock
	@test -n "$(PYTHON)" || { echo "This needs Python 3.11 or newer with its venv module (on Debian: apt install python3-venv)."; exit 1; }
	@rm -rf build/tools
	@$(PYTHON) -m venv build/tools
	@build/tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@
