# What is done often, by its short name.
.PHONY: run test test-all lint fmt deny bench contract openapi ci

run: # the server in development's settings, on an SQLite file
	cargo run -- serve

test: # every test, on SQLite
	cargo test --workspace

test-all: export TASKHUB_TEST_POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/taskhub_test
test-all: export TASKHUB_TEST_MYSQL_URL ?= mysql://root@127.0.0.1:3306/taskhub_test
test-all: export TASKHUB_TEST_S3_URL ?= http://127.0.0.1:5000
test-all: export TASKHUB_TEST_BROWSER = 1
test-all: export TASKHUB_TEST_REQUIRE_ALL = 1
test-all: # every test, on SQLite, PostgreSQL and MariaDB and in Chromium
	cargo test --workspace

lint: # formatting and lints, without changing anything
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

fmt: # formats the code
	cargo fmt --all

deny: # licences and banned crates
	cargo deny check licenses bans

bench: # TaskHub beside the bare limit of its machine and its database
	cargo run --release --package taskhub-bench

contract: # the OpenAPI document against the rules of Spectral, OWASP and Redocly
	tools/contract/lint.sh

openapi: # prints the OpenAPI document
	@cargo run --quiet -- openapi

ci: # what decides a landing; installs what it needs, as root
	.ci/run
