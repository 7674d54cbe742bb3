"""What the peers in Python share: their tasks, and the protocol, which serve.ts tells."""

import subprocess
import sys
import time


def increment(x):
    return x + 1


def succeed(_):
    return subprocess.call(["/bin/true"])


def pause(ms):
    time.sleep(ms / 1e3)
    return ms


def timed(numbers, run, expected):
    """Seconds of run(numbers), whose results must be those of expected(number)."""
    began = time.perf_counter()
    results = run(numbers)
    seconds = time.perf_counter() - began
    if list(results) != [expected(number) for number in numbers]:
        raise ValueError("wrong results")
    return [seconds]


def ways(map_all, call_all, call_one):
    """The kinds of work, by how the peer maps, calls many one by one, and calls one and waits."""

    def latency(numbers):
        times = []
        for k in range(int(numbers[0])):
            began = time.perf_counter()
            result = call_one(increment, k)
            times.append(1e6 * (time.perf_counter() - began))
            if result != k + 1:
                raise ValueError(f"result {k} is {result}")
        return times

    def indexes(numbers):
        return range(int(numbers[0]))

    return {
        "empty": lambda numbers: timed(indexes(numbers), lambda all: map_all(increment, all), increment),
        "calls": lambda numbers: timed(indexes(numbers), lambda all: call_all(increment, all), increment),
        "latency": latency,
        "shell": lambda numbers: timed(indexes(numbers), lambda all: call_all(succeed, all), lambda _: 0),
        "skewed": lambda numbers: timed(numbers, lambda all: call_all(pause, all), lambda ms: ms),
    }


def serve(version, kinds):
    """Serves rounds until the input ends."""
    kinds["calls"]([16])  # Until workers are there.
    print("ready", version, *kinds, flush=True)
    for line in sys.stdin:
        kind, *numbers = line.split()
        try:
            print("=", *kinds[kind]([float(number) for number in numbers]), flush=True)
        except Exception as error:
            print("!", repr(error).replace("\n", " "), flush=True)
