/**
 * A launcher turns the command of one rank into the command that starts all of them. Pure: nothing here runs anything.
 */

export interface LaunchRequest {
  /** What every rank runs: a program and its arguments. */
  command: readonly string[];
  /** Integer, 1 or more. */
  ranks: number;
  /** Cores that a rank uses; `null`: the launcher's own rule. Only srun can be told. */
  coresPerRank: number | null;
  /** Variables that every rank must see, also on other nodes. */
  environment: Readonly<Record<string, string>>;
  /** Is the user root? Open MPI wants to be told twice. */
  asRoot: boolean;
}

export interface Launch {
  argv: string[];
  /** To be added to the environment of `argv`. */
  environment: Record<string, string>;
}

export type Launcher = (request: LaunchRequest) => Launch;
