# What there is to do with this repository. Whatever takes more than a line is in scripts/.

.DEFAULT_GOAL := help
.PHONY: man help demo example test test-real conformance fuzz sanitize build release deb lint format clean benchmark

PORT ?= 8080

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Install what is missing, build and run the demo; PORT=9000 for another port
	@scripts/demo $(PORT)

example: ## Build and run an example beside the demo's legacy services: make example NAME=scores
	@scripts/example $(NAME)

test: ## Install what is missing, build and run every test
	@scripts/test

test-real: ## Test with real servers and clients: PostgreSQL, Redis, MQTT, SSH, VNC, HAProxy, Chromium
	@scripts/test-real

conformance: ## Run the Autobahn|Testsuite against the release build (needs a CPython 2.7)
	@scripts/conformance

fuzz: ## Fuzz the parsers, half a minute each; SECONDS=600 for longer, TARGET=frames for one
	@scripts/dependencies
	@scripts/fuzz $(or $(SECONDS),30) $(TARGET)

sanitize: ## Run the tests under the thread and the address sanitizer, in about half an hour; SANITIZER=thread for one
	@scripts/dependencies test
	@scripts/sanitize $(or $(SANITIZER),thread address)

build: ## Build for development: .build/debug/pushbridge
	@scripts/dependencies
	@scripts/build

# Swift's runtime is linked in, so that the binary runs where there is no Swift.
release: ## Build with optimisation, to deploy: .build/release/pushbridge
	@scripts/dependencies
	swift build -c release --product pushbridge --static-swift-stdlib

deb: release ## Make the Debian package: .build/deb/pushbridge_VERSION_ARCHITECTURE.deb
	@scripts/deb

benchmark: ## Measure beside limits and peers, in about eight minutes; QUICK=1 for two
	@scripts/benchmark $(if $(QUICK),--quick)

man: build ## Write the man page and the shells' completions to .build/manual
	@python3 scripts/manual

lint: ## Check the formatting of all Swift sources
	swift format lint --strict --recursive Sources Tests Package.swift Fuzz/Package.swift Fuzz/Sources/fuzz

format: ## Bring all Swift sources into that format
	swift format --in-place --recursive Sources Tests Package.swift Fuzz/Package.swift Fuzz/Sources/fuzz

clean: ## Remove everything that was built
	rm -rf .build
