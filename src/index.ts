/** Heddle's public API. */

import "./launchers/early-end.ts"; // A program that fails from here on must not leave other ranks waiting.

export { app } from "./apps/app.ts";
export { type BashApp, type BashFunctionApp, type BashOptions, bashApp, type CommandResult } from "./apps/bash.ts";
export { type BroadcastOptions, broadcast } from "./apps/broadcast.ts";
export type { CheckpointOptions } from "./apps/checkpoint.ts";
export { asCompleted } from "./apps/completed.ts";
export { type Config, defineConfig } from "./apps/config.ts";
export type { ExecutorOptions } from "./apps/executors.ts";
export type { FileInput, FileTaskOptions } from "./apps/files.ts";
export { type JoinApp, type Joined, type JoinOptions, joinApp } from "./apps/join.ts";
export type { MapHandle, MapOptions, Reduction, Settled } from "./apps/map.ts";
export type { MonitoringOptions } from "./apps/monitoring.ts";
export {
  type NativeApp,
  type NativeArguments,
  type NativeColumn,
  type NativeFunctionOptions,
  type NativeIsolation,
  type NativeOptions,
  type NativeValue,
  nativeApp,
} from "./apps/native.ts";
export type { RunOptions, StartOptions } from "./apps/options.ts";
export type { CacheOptions, PolicyOptions, Retries } from "./apps/policy.ts";
export { quote } from "./apps/quote.ts";
export { run } from "./apps/run.ts";
export type { StagingOptions } from "./apps/staging.ts";
export type {
  SchemaArguments,
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaParameters,
  SchemaResult,
  Schemas,
  StandardSchema,
} from "./apps/standard-schema.ts";
export { start } from "./apps/start.ts";
export type {
  App,
  AppOptions,
  ArgumentsOf,
  CallOptions,
  Column,
  Columns,
  ElementColumn,
  ElementValue,
  Input,
  InputInside,
  Inputs,
  Isolation,
  PlacementOptions,
  Resources,
  ResultOf,
  Returning,
  ReturnOf,
  SchemaOptions,
  Target,
  WithFiles,
} from "./apps/types.ts";
export type { Item } from "./dataflow/ends.ts";
export type { Engine, ExecutorInfo } from "./dataflow/engine.ts";
export { type Range, range } from "./dataflow/range.ts";
export {
  BatchError,
  CancelledError,
  type CommandEnd,
  CommandError,
  DependencyError,
  type ErrorCode,
  errorDocs,
  HeddleError,
  TaskError,
} from "./errors.ts";
export type { AppFuture, FileLike, FutureState } from "./futures/future.ts";
export type { StateCounts } from "./futures/states.ts";
export type { CheckpointMode } from "./memo/checkpoint.ts";
export type { Log, LogLevel } from "./monitoring/log.ts";
export type { ElementType, SessionStats } from "./native/binding.ts";
export type { NativeLayout } from "./serialize/native-arguments.ts";
export { type FileOptions, FileRef, file } from "./staging/file.ts";

import "./staging/apps.ts"; // Workers run them.

export { type Download, type StagingProvider, stagingProvider } from "./staging/provider.ts";
export { context, type TaskContext } from "./worker/context.ts";
export type { Random } from "./worker/random.ts";
