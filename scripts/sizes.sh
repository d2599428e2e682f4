#!/usr/bin/env bash
# sizes.sh FILE…: what each file takes in an archive of its own, beside `zstd -3` of the same file.
# Prints a row of docs/benchmarks.md a file. Needs logkeep (LOGKEEP, else on the PATH) and zstd.
set -euo pipefail
logkeep=${LOGKEEP:-logkeep}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

bytes_of() { find "$@" -type f -printf '%s\n' 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }

# What every archive has, whatever is in it: RocksDB's manifest, options and log, tantivy's empty index.
printf '{}\n' >"$scratch/empty.json"
"$logkeep" --archive "$scratch/empty" import "$scratch/empty.json" --stream size/test -q
fixed=$(bytes_of "$scratch/empty/db" "$scratch/empty/index")

echo '| file | raw kB | blocks kB | index kB | all on disk kB | less what every archive has | `zstd -3` kB | logkeep : zstd |'
echo '|---|---|---|---|---|---|---|---|'
for file in "$@"; do
    archive=$scratch/archive
    rm -rf "$archive"
    "$logkeep" --archive "$archive" import "$file" --stream size/test -q || [ $? -eq 3 ]
    raw=$(stat -c %s "$file")
    blocks=$("$logkeep" --archive "$archive" streams -o json | sed -n 's/.*"bytes_stored":\([0-9]*\).*/\1/p')
    index=$(bytes_of "$archive/index")
    all=$((index + $(bytes_of "$archive/db")))
    packed=$(zstd -3 -c "$file" | wc -c)
    awk -v name="$(basename "$(dirname "$file")")/$(basename "$file")" -v raw="$raw" -v blocks="$blocks" -v index_="$index" \
        -v all="$all" -v fixed="$fixed" -v packed="$packed" 'BEGIN {
            printf "| %s | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.2f |\n", name, raw / 1000, blocks / 1000,
                index_ / 1000, all / 1000, (all - fixed) / 1000, packed / 1000, (all - fixed) / packed }'
done
