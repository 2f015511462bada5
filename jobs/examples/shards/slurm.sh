#!/bin/bash
# sbatch jobs/examples/shards/slurm.sh, then: sbatch --dependency=afterok:ID --wrap 'farr measure merge ... --shards 7'
#SBATCH --array=1-7
#SBATCH --mem=8G
exec farr measure run --store /data/store --key /key/project.key --periods 2024 --shard "$SLURM_ARRAY_TASK_ID/7"
