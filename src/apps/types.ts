/** Types of the public API: how arguments and results flow from an app's function to its calls and maps. */

import type { Range } from "../dataflow/range.ts";
import type { AppFuture, FileLike } from "../futures/future.ts";
import type { ElementType } from "../native/binding.ts";
import type { FileRef } from "../staging/file.ts";
import type { FileTaskOptions } from "./files.ts";
import type { MapHandle, MapOptions } from "./map.ts";
import type { PolicyOptions } from "./policy.ts";
import type { Schemas, StandardSchema } from "./standard-schema.ts";

/**
 * A value, or a future or promise of it: the task waits for it. They may also sit inside the value, in arrays, plain objects, Maps and Sets, at any
 * depth. Where a text is wanted also a file: the task gets its path.
 */
export type Input<T> =
  | T
  | AppFuture<T>
  | Promise<T>
  | (string extends T ? FileRef | AppFuture<FileLike> : never)
  | InputInside<T>;

/** What has no place for a future inside. */
type Whole =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | Error
  | ArrayBuffer
  | ArrayBufferView
  | PromiseLike<unknown>
  | FileRef
  | ((...args: never[]) => unknown);

/** A value with inputs in the places of its parts. */
export type InputInside<T> = unknown extends T
  ? never // It may be a future as it is.
  : T extends Whole
    ? never
    : T extends ReadonlyMap<infer K, infer V>
      ? ReadonlyMap<Input<K>, Input<V>>
      : T extends ReadonlySet<infer V>
        ? ReadonlySet<Input<V>>
        : { [K in keyof T]: Input<T[K]> };

/** Inputs for each parameter. */
export type Inputs<A extends readonly unknown[]> = { [K in keyof A]: Input<A[K]> };

/** A value of a row of a map; where a text is wanted, at any depth, also a file: the task gets its path. */
export type WithFiles<T> =
  | T
  | (string extends T ? FileRef : never)
  | (unknown extends T ? never : T extends Whole ? never : { [K in keyof T]: WithFiles<T[K]> });

/** What can supply one parameter of many tasks. */
export type Column<T> = Iterable<WithFiles<T>> | AsyncIterable<WithFiles<T>> | (number extends T ? Range : never);

/** A column for each parameter. */
export type Columns<A extends readonly unknown[]> = { [K in keyof A]: Column<A[K]> };

/** The value of an element type. */
export type ElementValue<E extends ElementType> = E extends "i64" | "u64" ? bigint : number;

interface ColumnTypes {
  f64: Float64Array;
  f32: Float32Array;
  i32: Int32Array;
  u32: Uint32Array;
  u8: Uint8Array;
  i64: BigInt64Array;
  u64: BigUint64Array;
}

/** The typed array of an element type. */
export type ElementColumn<E extends ElementType> = ColumnTypes[E];

/** Where tasks are to run: on a rank, or on any rank of the node that a rank is on. */
export type Target = (
  | {
      /** An integer from 0 to the number of ranks - 1, else calls throw `ERR_PLACEMENT`. */
      rank: number;
    }
  | {
      /** A rank of the node: any of them is as good. As `rank` else. */
      node: number;
    }
) & {
  /** True: they are sent there, and idle ranks may take them from there. Default: false, they run there and nowhere else. */
  soft?: boolean;
};

/** What each task takes while it runs. */
export interface Resources {
  /**
   * Cores, 1 to 65535. Of each rank's: as many as it has workers of the app's kind, or cores if those are more. A command is told them as
   * OMP_NUM_THREADS, functions in `context().cores`; with `affinity: "cores"` the task is bound to as many. Default: 1.
   */
  cores?: number;
  /** Memory: bytes, or text such as "4 GiB". It is counted, so that tasks that run at a time have enough; not enforced. Default: 0. */
  memory?: number | string;
  /**
   * GPUs, 0 to 65535, that no other task which asks for some has meanwhile: CUDA_VISIBLE_DEVICES of a command, `context().gpus` of a
   * function. Default: 0.
   */
  gpus?: number;
  /** Of each named token so many (1 to 65535): see `tokens` of {@link RunOptions}. Default: none. */
  tokens?: Record<string, number>;
}

/** Which tasks go first, and where: options of apps and of maps. */
export interface PlacementOptions {
  /**
   * A worker takes tasks of a higher priority first: of those on its rank, and only between tasks, never in the middle of one.
   * Integer, -1000 to 1000. Default: 0; of a map: the app's.
   */
  priority?: number;
  /** Default: wherever a worker is idle; of a map: the app's. */
  target?: Target;
  /**
   * Labels of the executors that may run the tasks (`executors` of {@link RunOptions}), or "all": then each is given as much as it has slots,
   * among those that have what the tasks need. What tasks call runs on their own executor. A label that there is not is an error
   * (`ERR_EXECUTOR`) when the program starts. Default: "all"; of a map: the app's.
   */
  executors?: "all" | readonly string[];
  /**
   * What each task takes while it runs: it begins where and when that much is free. What no rank has is an error (`ERR_RESOURCES`,
   * `ERR_TOKENS`) when the task is submitted. Smaller tasks may overtake one that does not fit, for a second. A task that awaits
   * tasks of its own gives back all but its tokens meanwhile. Default: one core; of a map: the app's.
   */
  resources?: Resources;
}

/**
 * Where tasks run. "none": on a thread of the rank. "process": in a process beside the worker that takes the task, so that a crash, or the
 * end of the process, fails that task alone, and global state of a library is shared with one worker's tasks only. A task costs
 * some 0.35 ms more; it cannot call apps.
 */
export type Isolation = "none" | "process";

/** Options of {@link app} that {@link App.with} changes. */
export interface CallOptions extends PlacementOptions, PolicyOptions, FileTaskOptions {
  /** Limit per task, seconds. A task that exceeds it loses its worker thread; a command is killed. Default: none. */
  walltime?: number;
}

/** Options of {@link app}. */
export interface AppOptions<E extends ElementType | undefined = undefined> extends CallOptions {
  /** Type of the results where they are numbers: they then travel and arrive as a typed array. Default: any value. */
  returns?: E;
  /** Default: "none". */
  isolation?: Isolation;
}

/** Schemas of an app: any that has the Standard Schema interface, of zod, valibot, arktype and others. */
export interface SchemaOptions {
  /**
   * Of its one parameter; or a list, one for each parameter. A call without futures and files is checked where it is made, and is not sent where it does not fit. Then, and for all
   * other calls and maps, where the task runs: its function gets what the schemas make of the arguments. Default: not checked.
   */
  input?: Schemas;
  /** Of the result, where the task runs: what it makes of it is the result. Default: not checked. */
  output?: StandardSchema;
}

/** The parameters of an app's function. They are taken from its type whole, so that default values give types too. */
export type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never;

/** What an app's function returns. */
export type ReturnOf<F> = F extends (...args: never[]) => infer R ? R : never;

/** What calls of it end with. */
export type ResultOf<F> = Awaited<ReturnOf<F>>;

/** Anything, for a function whose result is an `R`, or a promise of one; for others, what the compiler is to say. */
export type Returning<F, R> = [ResultOf<F>] extends [R] ? unknown : { "the function must return": R };

/**
 * An app: call it for one task, map it for many.
 *
 * @typeParam A - Parameters of its function.
 * @typeParam R - Result of one task.
 * @typeParam C - What collecting a map gives: an array, or a typed array.
 */
export interface App<A extends readonly unknown[], R, C = R[]> {
  /** Runs one task. Arguments may be futures; the task then waits for them. */
  (...args: Inputs<A>): AppFuture<R>;
  /** Its name. */
  readonly appName: string;
  /** The same app, for calls and maps with other options: `energy.with({ retries: 2 })("CCO", 1)`. */
  with(options: CallOptions): App<A, R, C>;
  /** Runs a task for every row of the columns: one column for each parameter. */
  map(...columns: [...Columns<A>, options?: MapOptions]): MapHandle<R, C>;
  /**
   * Runs a task for every element: each an array of arguments, for apps of two or more parameters; anything, for an app
   * that takes none.
   */
  map(
    rows: A extends readonly []
      ? Column<unknown>
      : A extends readonly [unknown, unknown, ...unknown[]]
        ? Column<A>
        : never,
    options?: MapOptions,
  ): MapHandle<R, C>;
}
