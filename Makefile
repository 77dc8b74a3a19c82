# The few commands a person needs; everything else is CMake's.
PRESET ?= release
STAGE  := build/stage
CONFIG ?=

.PHONY: build run test test-unit test-asan chaos bench bench-quick fuzz format lint docs-build docs-serve install deps test-deps clean

deps:
	packaging/install-deps.sh build

test-deps:
	packaging/install-deps.sh test

# build/stage/{sbin/bulkhead,bin/proxyctl,libexec/bulkhead/*}
build:
	packaging/install-deps.sh build
	cmake --preset $(PRESET) > build-$(PRESET).log 2>&1 || { cat build-$(PRESET).log; rm -f build-$(PRESET).log; exit 1; }
	@rm -f build-$(PRESET).log
	cmake --build --preset $(PRESET) --target product
	ln -sfn $(PRESET)/stage $(STAGE)

run: build
	@echo
	@echo 'Will serve HTTP on 127.0.0.1:8080 and SOCKS5 on 127.0.0.1:1080, unless CONFIG=FILE says otherwise; it does when it says "ready".'
	@echo 'Then try, elsewhere:'
	@echo '    curl -x http://127.0.0.1:8080 http://example.com/'
	@echo '    curl -x socks5h://127.0.0.1:1080 http://example.com/'
	@echo '    $(STAGE)/bin/proxyctl status'
	@echo 'Ctrl-C ends it.'
	@echo
	$(STAGE)/sbin/bulkhead $(if $(CONFIG),--config $(CONFIG))

test: test-deps
	tests/run

# Unit tests and corpora of one preset, without the end-to-end suite.
test-unit: build
	cmake --build --preset $(PRESET)
	ctest --preset $(PRESET)

test-asan: test-deps
	tests/run asan

# Everybody is killed at random for CHAOS_SECONDS while connections are compared octet by octet. CHAOS_SEED repeats a run's choices.
chaos: build test-deps
	cd tests && BULKHEAD_STAGE=$(CURDIR)/build/$(PRESET)/stage /usr/bin/python3 -m chaos --seconds $(or $(CHAOS_SECONDS),300) $(if $(CHAOS_SEED),--seed $(CHAOS_SEED))

# Our row beside the peers', with ratios; bench-quick takes under two minutes. See docs/performance.md.
bench: build
	packaging/install-deps.sh bench
	cmake --build --preset $(PRESET) --target benchmarks
	bench/run

bench-quick: build
	packaging/install-deps.sh bench
	cmake --build --preset $(PRESET) --target benchmarks
	bench/run --quick

# FUZZ_SECONDS for each target.
fuzz:
	packaging/install-deps.sh lint
	fuzz/run $(or $(FUZZ_SECONDS),60)

format:
	packaging/install-deps.sh lint
	git ls-files '*.h' '*.cpp' | xargs clang-format-19 -i

# SINCE=COMMIT: clang-tidy over what changed since then only. A run that was stopped goes on where it was.
lint:
	packaging/install-deps.sh lint
	packaging/lint.sh $(SINCE)

docs-build:
	packaging/install-deps.sh docs
	mkdocs build --strict

docs-serve:
	packaging/install-deps.sh docs
	mkdocs serve

install: build
	cmake --install build/$(PRESET)

clean:
	rm -rf build
