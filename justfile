# The daily commands. `just` lists them. Install: `cargo install just`. Each line also works without it.

export CARGO_PROFILE_DEV_DEBUG := "0"

# List the commands
default:
    @just --list

# Compile everything, as fast as possible: no code is generated
check:
    cargo check --workspace --all-targets --all-features

# Run the tests of one crate, for example `just test serenytics-query`, or of all crates
test crate="":
    cargo test {{ if crate == "" { "--workspace" } else { "-p " + crate } }} --all-features

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
