/** Progress of a map for people: a bar that redraws itself on a terminal, plain lines elsewhere. On standard error. */

export interface ProgressState {
  done: number;
  failed: number;
  /** Null: not known yet. */
  total: number | null;
}

/** Where it is drawn; a part of `process.stderr`. */
export interface ProgressOutput {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

const REDRAW_MS = 100;
const LINE_MS = 3_000;
const RATE_MS = 5_000; // The rate is that of the last seconds, so that the time left follows what happens now.
const BAR_MAX = 30;

/** Draws until `stop` is called. */
export class ProgressBar {
  readonly #name: string;
  readonly #state: ProgressState;
  readonly #output: ProgressOutput;
  readonly #timer: NodeJS.Timeout;
  readonly #samples: { at: number; ended: number }[] = [];
  readonly #startedAt = performance.now();

  constructor(name: string, state: ProgressState, output: ProgressOutput = process.stderr) {
    this.#name = name;
    this.#state = state;
    this.#output = output;
    this.#timer = setInterval(() => this.draw(), output.isTTY === true ? REDRAW_MS : LINE_MS);
    this.#timer.unref();
    this.#sample();
  }

  draw(): void {
    const rate = this.#sample();
    const line = progressLine(this.#name, this.#state, rate, this.#output.isTTY === true ? barWidth(this.#output) : 0);
    this.#output.write(this.#output.isTTY === true ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  /** Draws the last state, with the rate of the whole. */
  stop(): void {
    clearInterval(this.#timer);
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const { done, failed } = this.#state;
    const rate = seconds > 0 ? (done + failed) / seconds : 0;
    const tty = this.#output.isTTY === true;
    const line = `${progressLine(this.#name, this.#state, rate, tty ? barWidth(this.#output) : 0)}, ${time(seconds)} in all`;
    this.#output.write(tty ? `\r\x1b[2K${line}\n` : `${line}\n`);
  }

  /** Remembers now; returns tasks per second over the last moments. */
  #sample(): number {
    const at = performance.now();
    const ended = this.#state.done + this.#state.failed;
    this.#samples.push({ at, ended });
    while (this.#samples.length > 2 && (this.#samples[0]?.at ?? at) < at - RATE_MS) this.#samples.shift();
    const oldest = this.#samples[0] as { at: number; ended: number };
    return at > oldest.at ? ((ended - oldest.ended) * 1_000) / (at - oldest.at) : 0;
  }
}

/** One line: name, bar (where `width` > 0), done/total, failed, tasks/s, time left. */
export function progressLine(name: string, state: ProgressState, rate: number, width: number): string {
  const { done, failed, total } = state;
  const ended = done + failed;
  const parts: string[] = [];
  if (total !== null && total > 0) {
    const share = ended / total;
    const filled = Math.round(share * width);
    const bar = width > 0 ? `[${"#".repeat(filled)}${".".repeat(width - filled)}] ` : "";
    parts.push(`${bar}${count(ended)}/${count(total)} (${Math.floor(100 * share)} %)`);
  } else {
    parts.push(`${count(ended)} done`);
  }
  if (failed > 0) parts.push(`${count(failed)} failed`);
  parts.push(`${count(rate)} tasks/s`);
  if (total !== null && ended < total && rate > 0) parts.push(`${time((total - ended) / rate)} left`);
  return `${name}: ${parts.join(", ")}`;
}

function barWidth(output: ProgressOutput): number {
  return Math.max(0, Math.min(BAR_MAX, (output.columns ?? 80) - 60));
}

function count(value: number): string {
  if (value > 0 && value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return Math.round(value).toLocaleString("en-US");
}

function time(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
