#!/bin/bash
# A whole cohort on Slurm: plan, an array of tasks, and the tables when all have ended.
#
#   pipelines/slurm/submit.sh ARCHIVE OUT SHARDS [options of ho-detect run]
#
# AT_ONCE (20) tasks run at the same time; SBATCH_ARGS goes to sbatch ("--partition=long --mem=16G").
set -euo pipefail
[ $# -ge 3 ] || { sed -n '4,6s/^# *//p' "$0" >&2; exit 2; }
archive=$1 out=$2 shards=$3
shift 3
here=$(dirname "$(realpath "$0")")
detect=${HO_DETECT:-ho-detect}

$detect plan "$archive" --out "$out" --shards "$shards"
# shellcheck disable=SC2086  # several arguments
job=$(sbatch --parsable ${SBATCH_ARGS:-} --array="1-$shards%${AT_ONCE:-20}" "$here/cohort.sbatch" "$out" "$@")
echo "Array $job: squeue --job $job; ho-detect collect $out shows what is done"
# in single quotes: what printf %q makes of letters that the locale does not know, /bin/sh need not understand
quote=\' escaped="'\\''"
# shellcheck disable=SC2086
sbatch ${SBATCH_ARGS:-} --dependency="afterany:$job" --job-name=ho-detect-collect --output=%x-%j.log \
  --wrap "$detect collect '${out//$quote/$escaped}'"
