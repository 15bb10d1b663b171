# What is done often, by its short name.
.PHONY: build run up down migrate exampledata flush shell test test-all coverage lint fmt deny bench contract openapi ci

build: # the program, optimised, in target/release
	cargo build --release --locked

run: # the server in development's settings, on an SQLite file
	cargo run -- serve

up: # the server in production's settings, on PostgreSQL, with Docker Compose
	docker compose up --build --detach

down: # stops it; the data stay in Docker's volumes
	docker compose down

migrate: # brings the database's schema up to date
	cargo run -- migrate up

exampledata: # fills the database with two organisations and their work
	cargo run -- seed

flush: # removes everything from the database of a development server
	cargo run -- wipe --yes

shell: # the database's own client, on the database of the settings
	tools/shell.sh

test: # every test, on SQLite
	cargo test --workspace

coverage: # every test, on SQLite, with a report of the lines that they reach
	@cargo llvm-cov --version >/dev/null 2>&1 || { echo "cargo-llvm-cov is missing: cargo install cargo-llvm-cov" >&2; exit 1; }
	cargo llvm-cov --workspace --html

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
