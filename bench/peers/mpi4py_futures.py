"""mpi4py.futures, as a program of `npm run bench -- peers`: under mpiexec, with `-m mpi4py.futures`."""

import mpi4py
from mpi4py.futures import MPIPoolExecutor

from peer import serve, ways

CHUNK = 1000  # Tasks that the map of empty ones sends together.

if __name__ == "__main__":
    with MPIPoolExecutor() as pool:
        serve(
            mpi4py.__version__,
            ways(
                map_all=lambda task, numbers: list(pool.map(task, numbers, chunksize=CHUNK)),
                call_all=lambda task, numbers: [future.result() for future in [pool.submit(task, x) for x in numbers]],
                call_one=lambda task, x: pool.submit(task, x).result(),
            ),
        )
