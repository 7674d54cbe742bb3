/** Keeps the first and the last half of what a stream brings, up to a bound. */

import type { Readable } from "node:stream";

export class Capture {
  readonly #half: number;
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #total = 0;

  constructor(bytesMax: number, stream: Readable | null) {
    this.#half = Math.ceil(bytesMax / 2);
    stream?.on("data", (chunk: Buffer) => this.#add(chunk));
  }

  get bytes(): number {
    return this.#total;
  }

  text(): string {
    const cut = this.#total - this.#headBytes - Math.min(this.#tailBytes, this.#half);
    const tail = Buffer.concat(this.#tail).subarray(-this.#half);
    const gap = cut > 0 ? `\n[... ${cut} bytes cut ...]\n` : "";
    return Buffer.concat(this.#head).toString("utf8") + gap + tail.toString("utf8");
  }

  #add(chunk: Buffer): void {
    this.#total += chunk.length;
    const room = this.#half - this.#headBytes;
    if (room > 0) {
      const first = chunk.subarray(0, room);
      this.#head.push(first);
      this.#headBytes += first.length;
    }
    if (chunk.length <= room) return;
    const rest = chunk.subarray(Math.max(0, room));
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    if (this.#tailBytes < 4 * this.#half + 65_536) return;
    this.#tail = [Buffer.concat(this.#tail).subarray(-this.#half)];
    this.#tailBytes = (this.#tail[0] as Buffer).length;
  }
}
