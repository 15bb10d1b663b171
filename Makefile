# Short names for common commands.
.PHONY: build run up down migrate exampledata flush shell test test-all coverage lint fmt deny bench contract prose openapi ci

build: # build the optimised program in target/release
	cargo build --release --locked

run: # run the server in development, on SQLite
	cargo run -- serve

up: # start the server in production, on PostgreSQL, with Docker Compose
	docker compose up --build --detach

down: # stop it; the data stays in Docker's volumes
	docker compose down

migrate: # migrate the database
	cargo run -- migrate up

exampledata: # create two organisations with example data
	cargo run -- seed

flush: # delete all rows of the database of a development server
	cargo run -- wipe --yes

shell: # open the database with its own client
	tools/shell.sh

test: # run every test, on SQLite
	cargo test --workspace

coverage: # run every test, on SQLite, and report the covered lines
	@cargo llvm-cov --version >/dev/null 2>&1 || { echo "cargo-llvm-cov is missing: cargo install cargo-llvm-cov" >&2; exit 1; }
	cargo llvm-cov --workspace --html

test-all: export TASKHUB_TEST_POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/taskhub_test
test-all: export TASKHUB_TEST_MYSQL_URL ?= mysql://root@127.0.0.1:3306/taskhub_test
test-all: export TASKHUB_TEST_S3_URL ?= http://127.0.0.1:5000
test-all: export TASKHUB_TEST_BROWSER = 1
test-all: export TASKHUB_TEST_REQUIRE_ALL = 1
test-all: # run every test, on SQLite, PostgreSQL and MariaDB, and in Chromium
	cargo test --workspace

lint: # check formatting and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

fmt: # format the code
	cargo fmt --all

deny: # check licences and banned crates
	cargo deny check licenses bans

bench: # compare TaskHub with the bare limit of the machine and the database
	cargo run --release --package taskhub-bench

contract: # check the OpenAPI document against the rules of Spectral, OWASP and Redocly
	tools/contract/lint.sh

prose: # check the language of the documentation and of the OpenAPI document
	tools/prose/lint.sh

openapi: # print the OpenAPI document
	@cargo run --quiet -- openapi

ci: # run all checks that a change must pass; installs missing tools as root
	.ci/run
