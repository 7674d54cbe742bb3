/**
 * What outlives one attempt at a transfer. Where the answer to a submission was lost, nobody knows whether the transfer has begun: the next attempt
 * asks for the same one, with the same id and the same paths, and the service begins it once.
 */

import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";

export interface Errand {
  /** Id of a submission without an answer; null: there is none. */
  submission: string | null;
  /** Of its own, in the local collection; made by whoever needs it. */
  readonly folder: string;
}

export class Errands {
  readonly #known = new Map<string, Errand>();

  /** One attempt. @param key - The same for attempts at the same transfer, of the same content. */
  async attempt(key: string, parent: string, work: (errand: Errand) => Promise<void>): Promise<void> {
    const errand = this.#known.get(key) ?? { submission: null, folder: join(parent, ".heddle-globus", randomUUID()) };
    this.#known.set(key, errand);
    try {
      await work(errand);
    } finally {
      if (errand.submission === null) {
        this.#known.delete(key);
        await removed(errand);
      }
    }
  }

  /** No attempt follows. */
  async close(): Promise<void> {
    const left = [...this.#known.values()];
    this.#known.clear();
    await Promise.all(left.map(removed));
  }
}

async function removed({ folder }: Errand): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
