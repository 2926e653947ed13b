#!/usr/bin/env bash
# The pipeline on a GPU that is lent for minutes: bash training/lease.sh DATA ENCODER_WEIGHTS KEPT [OPTION …]
#
# Works in a scratch folder. Into KEPT goes, as soon as it is there, the best network so far, cut into parts of 15 MB
# (cat best.* > best.safetensors joins them), its name in network.txt, and all logs. OPTIONs go to python -m training.pipeline.
set -u
data=$1 encoder=$2 kept=$3
shift 3
scratch=$(mktemp -d)
mkdir -p "$kept"

keep() {
    for network in student-2.safetensors student-2-a-256/last.safetensors student-1-a-256/last.safetensors \
        teacher-a-256/last.safetensors teacher-a-128/last.safetensors; do
        [ -f "$scratch/$network" ] || continue
        if [ "$(cat "$kept/network.txt" 2>/dev/null)" != "$network $(stat -c %Y "$scratch/$network")" ]; then
            rm -f "$kept"/best.*
            split --bytes=15M --numeric-suffixes "$scratch/$network" "$kept/best."
            echo "$network $(stat -c %Y "$scratch/$network")" >"$kept/network.txt"
        fi
        break
    done
    tar -czf "$kept/logs.tar.gz" -C "$scratch" --ignore-failed-read --exclude='*.safetensors' --exclude='state.pt' \
        --exclude=images --exclude=masks --exclude=hearts --exclude=ignore --exclude=predictions --exclude=pictures \
        --exclude=covid-free --exclude=tensorboard . 2>/dev/null
}

python3 -m training.pipeline --data "$data" --encoder-weights "$encoder" --out "$scratch" "$@" &
pipeline=$!
while kill -0 "$pipeline" 2>/dev/null; do
    sleep 10
    keep
done
wait "$pipeline"
status=$?
keep
exit "$status"
