"""dask.distributed, as a program of `npm run bench -- peers`: a LocalCluster of processes. Argument: how many workers."""

import logging
import sys

import distributed

from peer import serve, ways


def main():
    cluster = distributed.LocalCluster(
        n_workers=int(sys.argv[1]),
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        local_directory=".",
        silence_logs=logging.CRITICAL,
    )
    with cluster, distributed.Client(cluster) as client:

        def submit(task, x):
            return client.submit(task, x, pure=False)  # Pure ones would be looked up instead of run.

        serve(
            distributed.__version__,
            ways(
                map_all=lambda task, numbers: client.gather(client.map(task, numbers, pure=False)),
                call_all=lambda task, numbers: client.gather([submit(task, x) for x in numbers]),
                call_one=lambda task, x: submit(task, x).result(),
            ),
        )


if __name__ == "__main__":
    main()
