# The daily commands. `just` lists them. Install: `cargo install just`. Each line also works without it.

export CARGO_PROFILE_DEV_DEBUG := "0"

# The crates that do not depend on the engine. Selecting another one with `-p` compiles the engine again: see
# docs/building.md.
light := '^serenytics-(query|macros|core|ui-tests|consumer-tests)$'

# List the commands
default:
    @just --list

# Compile everything, as fast as possible: no code is generated
check:
    cargo check --workspace --all-targets --all-features

# Run all tests, those of a crate without the engine (`just test serenytics-query`), or one test program (`just test it`)
test name="":
    cargo test --all-features {{ if name == "" { "--workspace" } else if name =~ light { "-p " + name } else { "--workspace --test " + name } }}

# Run one example on the engine that the tests compiled
example name:
    cargo build --workspace --all-features --example {{ name }}
    "${CARGO_TARGET_DIR:-target}/debug/examples/{{ name }}"

# Check format and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Build the documentation of all crates, and the book if its script is there
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps
    if [ -x .ci/book ]; then .ci/book; fi

# Rewrite the expected compiler messages and the snapshots. Read the diff before you commit it
bless:
    TRYBUILD=overwrite cargo test -p serenytics-ui-tests --test ui
    INSTA_UPDATE=always cargo test -p serenytics-ui-tests --test lowering
    SERENYTICS_BLESS=1 cargo test -p serenytics-ui-tests --test json_schema
    git diff --stat

# Run the examples
examples:
    .ci/examples

# Everything that must pass before a merge (about 40 minutes from nothing)
ci:
    .ci/run
