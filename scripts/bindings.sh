#!/usr/bin/env bash
# Writes storage/bindgen/rocksdb-VERSION.rs anew, from the C header of the librocksdb-sys that Cargo.lock names.
#
# Needed once after librocksdb-sys was raised; a build never runs this. It needs libclang:
#   Debian: apt-get install --no-install-recommends libclang1-14 libclang-common-14-dev
#   or without root: pip install libclang, with LIBCLANG_PATH set to the folder of its libclang.so
set -euo pipefail
cd "$(dirname "$0")/.."

# Cargo.lock says 0.19.0+11.8.1: the crate's version, then RocksDB's.
locked=$(sed -n '/^name = "librocksdb-sys"$/{n;s/^version = "\(.*\)"$/\1/p;}' Cargo.lock)
rocksdb=${locked#*+}
[ -n "$rocksdb" ] && [ "$rocksdb" != "$locked" ] || { echo "bindings: Cargo.lock names no librocksdb-sys" >&2; exit 1; }

cargo fetch --quiet --locked
header=
for found in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/librocksdb-sys-"$locked"/rocksdb/include/rocksdb/c.h; do
    [ -f "$found" ] && header=$found
done
[ -n "$header" ] || { echo "bindings: no header of librocksdb-sys $locked in the cargo registry" >&2; exit 1; }

# A project of its own outside the workspace, because the workspace's [patch] would give it our stand-in.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/src"
cat >"$scratch/Cargo.toml" <<'TOML'
[package]
name = "bindings"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
bindgen = { version = "=0.72.1", default-features = false, features = ["runtime"] }
TOML
# The first five options are those of librocksdb-sys's build script. The allow-list keeps the C library's own names
# out, so that the file is the same on every 64-bit Unix; tests and comments would only make it longer.
cat >"$scratch/src/main.rs" <<'RUST'
fn main() {
    let mut arguments = std::env::args().skip(1);
    let header = arguments.next().expect("the header");
    let bindings = arguments.next().expect("the file to write");
    bindgen::Builder::default()
        .header(header)
        .derive_debug(false)
        .blocklist_type("max_align_t")
        .ctypes_prefix("libc")
        .size_t_is_usize(true)
        .allowlist_item("rocksdb_.*")
        .layout_tests(false)
        .generate_comments(false)
        .generate()
        .expect("bindings of the header")
        .write_to_file(bindings)
        .expect("the file written");
}
RUST

# Where clang's own headers are not installed, gcc's have the stdbool.h and stddef.h that c.h includes.
export BINDGEN_EXTRA_CLANG_ARGS="${BINDGEN_EXTRA_CLANG_ARGS:-} -I$(${CC:-cc} -print-file-name=include)"
# bindgen calls rustfmt, which takes the nearest rustfmt.toml from here up: an empty one, so that the form stays the same.
touch "$scratch/rustfmt.toml"
(cd "$scratch" && CARGO_TARGET_DIR="$scratch/target" cargo run --quiet -- "$header" "$scratch/bindings.rs")

new="storage/bindgen/rocksdb-$rocksdb.rs"
for old in storage/bindgen/rocksdb-*.rs; do
    [ "$old" = "$new" ] || rm -f "$old"
done
cp "$scratch/bindings.rs" "$new"
stand_in=storage/bindgen/src/lib.rs
sed -e "s|\"\.\./rocksdb-[0-9.]*\.rs\"|\"../rocksdb-$rocksdb.rs\"|" \
    -e "s|^\(pub const ROCKSDB_VERSION: &str = \)\"[0-9.]*\"|\1\"$rocksdb\"|" "$stand_in" >"$scratch/lib.rs"
cmp -s "$scratch/lib.rs" "$stand_in" || cp "$scratch/lib.rs" "$stand_in"
echo "bindings: $new, $(grep -c 'pub fn ' "$new") functions"
