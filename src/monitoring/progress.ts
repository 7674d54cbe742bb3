/** Progress for people, of one map or of all apps of a program: bars that are redrawn on a terminal, plain lines elsewhere. On standard error. */

export interface ProgressState {
  done: number;
  failed: number;
  /** So many have been running for a while. Undefined: nobody counts them. */
  running?: number;
  /** So many more were sent: they wait for a worker, or have begun just now. Undefined: nobody counts them. */
  waiting?: number;
  /** Null: not known yet. */
  total: number | null;
}

/** One line of a {@link ProgressBoard}. */
export interface NamedProgress extends ProgressState {
  name: string;
}

/** Where it is drawn; a part of `process.stderr`. */
export interface ProgressOutput {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

const REDRAW_MS = 100;
const LINE_MS = 3_000;
const RATE_MS = 5_000; // The rate is that of the last seconds, so that the time left follows what happens now.
const BAR_MAX = 30;
const BOARD_TEXT = 105;
const COLUMNS_USUAL = 80; // Where a terminal does not know: it says 0, or nothing.
const ROWS_USUAL = 24;
const ROWS_LEFT = 4; // Of a terminal, for the program's own lines.

/** Tasks per second over the last moments. */
class Rate {
  readonly #samples: { at: number; ended: number }[] = [];
  readonly #startedAt: number;

  constructor(startedAt: number = performance.now()) {
    this.#startedAt = startedAt;
    this.#samples.push({ at: startedAt, ended: 0 });
  }

  /** Remembers that so many have ended by now. */
  sample(ended: number): number {
    const at = performance.now();
    this.#samples.push({ at, ended });
    while (this.#samples.length > 2 && (this.#samples[0]?.at ?? at) < at - RATE_MS) this.#samples.shift();
    const oldest = this.#samples[0] as { at: number; ended: number };
    return at > oldest.at ? ((ended - oldest.ended) * 1_000) / (at - oldest.at) : 0;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  /** Since it was made. */
  whole(ended: number): number {
    return this.seconds > 0 ? ended / this.seconds : 0;
  }
}

/** Draws until `stop` is called. */
export class ProgressBar {
  readonly #name: string;
  readonly #state: ProgressState;
  readonly #output: ProgressOutput;
  readonly #timer: NodeJS.Timeout;
  readonly #rate = new Rate();

  constructor(name: string, state: ProgressState, output: ProgressOutput = process.stderr) {
    this.#name = name;
    this.#state = state;
    this.#output = output;
    this.#timer = setInterval(() => this.draw(), output.isTTY === true ? REDRAW_MS : LINE_MS);
    this.#timer.unref();
  }

  draw(): void {
    const line = this.#line(this.#rate.sample(endedOf(this.#state)));
    this.#output.write(this.#output.isTTY === true ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  /** Draws the last state, with the rate of the whole. */
  stop(): void {
    clearInterval(this.#timer);
    const line = `${this.#line(this.#rate.whole(endedOf(this.#state)))}, ${time(this.#rate.seconds)} in all`;
    this.#output.write(this.#output.isTTY === true ? `\r\x1b[2K${line}\n` : `${line}\n`);
  }

  #line(rate: number): string {
    return progressLine(this.#name, this.#state, rate, barWidth(this.#output));
  }
}

/** One line for each app of a program, until `stop` is called. */
export class ProgressBoard {
  readonly #read: () => NamedProgress[];
  readonly #output: ProgressOutput;
  readonly #timer: NodeJS.Timeout;
  readonly #rates = new Map<string, Rate>();
  /** Elsewhere than on a terminal: what was last said of each app. */
  readonly #said = new Map<string, string>();
  #drawn = 0;
  #lookedAt = performance.now();

  /** @param read - All apps as they are now, in the order in which they are to be shown. */
  constructor(read: () => NamedProgress[], output: ProgressOutput = process.stderr) {
    this.#read = read;
    this.#output = output;
    this.#timer = setInterval(() => this.draw(), output.isTTY === true ? REDRAW_MS : LINE_MS);
    this.#timer.unref();
  }

  draw(): void {
    this.#show(this.#read().map((state) => [state, this.#rateOf(state.name).sample(endedOf(state)), ""]));
  }

  /** Draws the last state, with the rate of the whole. */
  stop(): void {
    clearInterval(this.#timer);
    const states = this.#read().map((state): [NamedProgress, number, string] => {
      const rate = this.#rateOf(state.name);
      return [state, rate.whole(endedOf(state)), `, ${time(rate.seconds)} in all`];
    });
    this.#said.clear();
    this.#show(states);
    this.#drawn = 0;
  }

  #rateOf(name: string): Rate {
    let rate = this.#rates.get(name);
    if (rate === undefined) {
      rate = new Rate(this.#lookedAt); // It appeared since.
      this.#rates.set(name, rate);
    }
    return rate;
  }

  #show(states: [NamedProgress, number, string][]): void {
    this.#lookedAt = performance.now();
    const lines = states.map(([state, rate, end]) => {
      return `${progressLine(state.name, state, rate, barWidth(this.#output, BOARD_TEXT))}${end}`;
    });
    if (this.#output.isTTY === true) this.#redraw(lines);
    else states.forEach(([state], k) => void this.#say(state, lines[k] as string));
  }

  /** What did not move since is not said again. */
  #say({ name, ...state }: NamedProgress, line: string): void {
    const now = JSON.stringify(state);
    if (this.#said.get(name) === now) return;
    this.#said.set(name, now);
    this.#output.write(`${line}\n`);
  }

  #redraw(lines: string[]): void {
    const room = Math.max(1, (this.#output.rows || ROWS_USUAL) - ROWS_LEFT);
    const shown =
      lines.length <= room ? lines : [...lines.slice(0, room - 1), `and ${lines.length - room + 1} more apps`];
    const width = this.#output.columns || COLUMNS_USUAL; // A line that is longer would take two, and the next redraw would miss one.
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A\r\x1b[0J` : "";
    this.#output.write(`${up}${shown.map((line) => `${line.slice(0, width - 1)}\n`).join("")}`);
    this.#drawn = shown.length;
  }
}

function endedOf({ done, failed }: ProgressState): number {
  return done + failed;
}

/** One line: name, bar (where `width` > 0), done/total, running, waiting, failed, tasks/s, time left. */
export function progressLine(name: string, state: ProgressState, rate: number, width: number): string {
  const { failed, total, running = 0, waiting = 0 } = state;
  const ended = endedOf(state);
  const parts: string[] = [];
  if (total !== null && total > 0) {
    const share = ended / total;
    const filled = Math.round(share * width);
    const bar = width > 0 ? `[${"#".repeat(filled)}${".".repeat(width - filled)}] ` : "";
    parts.push(`${bar}${count(ended)}/${count(total)} (${Math.floor(100 * share)} %)`);
  } else {
    parts.push(`${count(ended)} done`);
  }
  if (running > 0) parts.push(`${count(running)} running`);
  if (waiting > 0) parts.push(`${count(waiting)} waiting`);
  if (failed > 0) parts.push(`${count(failed)} failed`);
  parts.push(`${count(rate)} tasks/s`);
  if (total !== null && ended < total && rate > 0) parts.push(`${time((total - ended) / rate)} left`);
  return `${name}: ${parts.join(", ")}`;
}

function barWidth(output: ProgressOutput, textWidth = 60): number {
  if (output.isTTY !== true) return 0;
  return Math.max(0, Math.min(BAR_MAX, (output.columns || COLUMNS_USUAL) - textWidth));
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
