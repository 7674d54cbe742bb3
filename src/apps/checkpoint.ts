/** The option `checkpoint`, as users write it. */

import type { CheckpointMode } from "../memo/checkpoint.ts";

/** Where results of apps with `cache` are kept between runs, and when they are written. */
export interface CheckpointOptions {
  /**
   * "task": as soon as a task is done, in groups, within milliseconds. "periodic": every `period` seconds. "exit": when the program ends in
   * order. "manual": by `engine.checkpoint()` alone. Default: "task".
   */
  mode?: CheckpointMode;
  /** The file. Default: ".heddle/checkpoint.mdb". HEDDLE_CHECKPOINT_PATH. */
  path?: string;
  /** Seconds, 0.01 to 10^6. Default: 30. */
  period?: number;
  /** Checkpoints of other runs, which are only read. Default: none. */
  loadFrom?: readonly string[];
  /** When the program ends and there is more, the least recently used go: bytes, or text such as "4 GiB". Default: "16 GiB". */
  maxBytes?: number | string;
  /** Seconds after which a result is no longer used. Default: no limit. */
  ttl?: number;
  /** "process": what was saved survives the end of the process, by SIGKILL too. "power": it is on the disk. Default: "process". */
  durability?: "process" | "power";
}
