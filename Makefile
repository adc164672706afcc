# Words for what people do here. Each installs first what is missing, which is quick when nothing is.
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
# With paths taken relative to the tree, ccache finds in a new clone what was compiled in another.
CCACHE_BASEDIR ?= $(CURDIR)
CCACHE_NOHASHDIR ?= 1
export JOBS FUZZ_SECONDS CCACHE_BASEDIR CCACHE_NOHASHDIR

.DEFAULT_GOAL := release
.PHONY: release lambda lambda-arm64 demo demo-redshift test check bench format tidy fuzz clean help

release: ## build what users run: build/release/sluice (this is plain `make`)
	@scripts/setup --for build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target sluice -j $(JOBS)

lambda: ## pack the Lambda function for this machine's architecture: build/sluice-lambda-x86_64.zip
	@scripts/setup --for lambda
	@scripts/lambda --jobs $(JOBS)

lambda-arm64: ## pack it for arm64, by cross compilation on x86-64, and try it (under QEMU there)
	@scripts/setup --for lambda-arm64
	@scripts/lambda --arch arm64 --jobs $(JOBS)
	@python3 tests/lambda/runtime_test.py --zip build/sluice-lambda-arm64.zip \
	  $(if $(filter x86_64,$(shell uname -m)),--under "qemu-aarch64-static -L /usr/aarch64-linux-gnu")

demo: release ## see a living PostgreSQL database followed by a DuckDB file, and proven equal
	@scripts/setup --for demo
	@scripts/demo

demo-redshift: release ## see a stream land in a local Redshift and in DuckDB, and show the same
	@scripts/setup --for demo
	@scripts/demo-redshift

test: ## build and run every suite: with sanitizers, and whole programs as released
	@scripts/setup --for test
	@scripts/test

check: ## everything that .ci/run demands, clang-tidy and the fuzzers' seeds included
	@.ci/run

bench: ## measure against the peers and print the ratios
	@scripts/setup --for build
	@scripts/bench

format: ## lay out every C++ file
	@scripts/setup --for test
	@tests/checks/format.py --fix

tidy: ## read every source with clang-tidy, tests too
	@scripts/setup --for test
	@cmake --preset dev >/dev/null
	@tests/checks/tidy.py --build build/dev --jobs $(JOBS) --tests

fuzz: ## let every fuzzer search for FUZZ_SECONDS (60)
	@scripts/fuzz

clean: ## remove what was built; .deps/ stays
	rm -rf build

help: ## say these words
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s%s\n", $$1, $$2}' $(MAKEFILE_LIST)
