/** Pages of a file, read with few calls. */

import { readSync } from "node:fs";

const CHUNK = 1 << 20; // Bytes, at most, that are read at once; a multiple of each size of pages.
const GAP_MAX = 8; // As many pages that are not needed are read with others: that is quicker than another call.

/** One page in a chunk, which the next one may overwrite. */
export interface Page {
  number: number;
  u16: Uint16Array;
  u32: Uint32Array;
  /** Where it begins, in bytes. */
  at: number;
}

export class PageFile {
  readonly size: number;
  readonly #fd: number;
  readonly #chunk = new Uint8Array(CHUNK);

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  /** Null: the file ends before. */
  bytes(at: number, length: number): Uint8Array | null {
    if (at + length > this.size) return null;
    const bytes = new Uint8Array(length);
    this.#read(bytes, at);
    return bytes;
  }

  /** @param numbers - Ascending, and within the file. */
  each(numbers: readonly number[], pageSize: number, look: (page: Page) => void): void {
    const page: Page = {
      number: 0,
      u16: new Uint16Array(this.#chunk.buffer),
      u32: new Uint32Array(this.#chunk.buffer),
      at: 0,
    };
    const most = CHUNK / pageSize;
    for (let from = 0; from < numbers.length; ) {
      const first = numbers[from] as number;
      let to = from + 1;
      while (to < numbers.length && isNear(numbers, to) && (numbers[to] as number) - first < most) to++;
      this.#read(this.#chunk.subarray(0, ((numbers[to - 1] as number) - first + 1) * pageSize), first * pageSize);
      for (; from < to; from++) {
        page.number = numbers[from] as number;
        page.at = (page.number - first) * pageSize;
        look(page);
      }
    }
  }

  #read(bytes: Uint8Array, at: number): void {
    let done = 0;
    while (done < bytes.length) {
      const read = readSync(this.#fd, bytes, done, bytes.length - done, at + done);
      if (read === 0) throw new Error("it became shorter while it was read");
      done += read;
    }
  }
}

function isNear(numbers: readonly number[], k: number): boolean {
  return (numbers[k] as number) - (numbers[k - 1] as number) <= GAP_MAX;
}
