# A DAG for Airflow 2.4 or later, of plain operators: seven shards side by side, then the merge. farr is told what to do by flags, and
# its exit code says what a task does: 1, 3 (another run has the store) and 6 (a shard is missing) are tried again; 2, 4 and 5 are for a
# person, and are not.
from datetime import datetime, timedelta

from airflow import DAG
from airflow.exceptions import AirflowFailException
from airflow.operators.python import PythonOperator

SHARDS = 7
MEASURED = ["--store", "/data/store", "--key", "/key/project.key", "--periods", "2024"]


def farr(*args):
    """Runs farr; its words go to the task's log."""
    import subprocess

    code = subprocess.run(["farr", *args, *MEASURED]).returncode
    if code in (2, 4, 5):  # usage, integrity, a privacy gate
        raise AirflowFailException(f"farr ended with {code}: a person has to look")
    if code != 0:  # 1, 3, 6: trying again may do
        raise RuntimeError(f"farr ended with {code}")


with DAG(
    "farr_measures",
    schedule=None,  # or a cron line; what extracts comes before it
    start_date=datetime(2025, 1, 1),
    catchup=False,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
) as dag:
    shards = [
        PythonOperator(task_id=f"shard_{i}", python_callable=farr, op_args=["measure", "run", "--shard", f"{i}/{SHARDS}"])
        for i in range(1, SHARDS + 1)
    ]
    merge = PythonOperator(task_id="merge", python_callable=farr, op_args=["measure", "merge", "--shards", str(SHARDS)])
    shards >> merge
