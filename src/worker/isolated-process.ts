/** A JS worker's end of its process for isolated tasks: started by the first of them, replaced when one ends it. */

import { type ChildProcess, spawn } from "node:child_process";
import { type ErrorPayload, PayloadError, payloadOf } from "../serialize/errors.ts";
import type { IsolatedMessage, IsolatedReply, IsolatedTask, ProgramStart } from "./protocol.ts";

const STDERR_KEPT = 2_048; // Bytes of what a process wrote last that its end is told with.

interface Pending {
  reply: (reply: IsolatedReply) => void;
  gone: () => void;
}

/** How a process ended: why it is not there for the next task. */
interface Ended {
  exitCode: number | null;
  signal: string | null;
  stderr: string;
}

export class IsolatedProcess {
  readonly #command: readonly string[];
  readonly #start: ProgramStart;
  #child: IsolatedChild | null = null;

  /** Starts nothing yet. `command` runs a process that serves `start`. */
  constructor(command: readonly string[], start: ProgramStart) {
    this.#command = command;
    this.#start = start;
  }

  /** Runs one task; there is one at a time. Rejects with what it threw, or with how it ended its process. */
  async run(task: IsolatedTask): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      this.#child ??= new IsolatedChild(this.#command, this.#start, (child) => {
        if (this.#child === child) this.#child = null;
      });
      const outcome = await this.#child.run(task);
      if (outcome.kind === "done") return outcome.value;
      if (outcome.kind === "failed") throw new PayloadError(outcome.error);
      // One that ended between two tasks, as what an earlier task left running may do, is replaced without a word.
      if (outcome.begun || attempt === 2) throw new PayloadError(lostBy(outcome.ended));
    }
  }

  /** Ends the process and all that its tasks started. */
  close(): void {
    this.#child?.close();
    this.#child = null;
  }
}

type Outcome = Extract<IsolatedReply, { kind: "done" | "failed" }> | { kind: "lost"; begun: boolean; ended: Ended };

class IsolatedChild {
  readonly #process: ChildProcess;
  readonly #ready: Promise<ErrorPayload | null>;
  #pending: Pending | null = null;
  #ended: Ended | null = null;
  #stderr = "";

  constructor(command: readonly string[], start: ProgramStart, onEnd: (child: IsolatedChild) => void) {
    const [file, ...words] = command as [string, ...string[]];
    this.#process = spawn(file, words, { stdio: ["pipe", "inherit", "pipe", "ipc"], serialization: "advanced" });
    this.#process.stderr?.on("data", (bytes: Buffer) => {
      process.stderr.write(bytes);
      this.#stderr = (this.#stderr + bytes.toString()).slice(-STDERR_KEPT);
    });
    this.#process.stdin?.on("error", () => {}); // It ended; "close" tells.
    this.#process.on("message", (reply: IsolatedReply) => this.#pending?.reply(reply));
    const end = (exitCode: number | null, signal: string | null): void => {
      if (this.#ended !== null) return;
      this.#ended = { exitCode, signal, stderr: this.#stderr };
      onEnd(this);
      this.#pending?.gone();
    };
    this.#process.on("error", (error) => {
      if (this.#process.pid === undefined) end(null, error.message);
    });
    // Its last replies may come after its end.
    let channel = true;
    let how: [number | null, string | null] | null = null;
    const both = (): void => void (how !== null && !channel && end(...how));
    this.#process.on("disconnect", () => {
      channel = false;
      both();
    });
    this.#process.on("close", (...code) => {
      how = code;
      channel &&= this.#process.connected;
      both();
    });
    this.#ready = this.#load(start);
  }

  async run(task: IsolatedTask): Promise<Outcome> {
    const broken = await this.#ready;
    if (broken !== null) return { kind: "failed", error: broken };
    return await new Promise<Outcome>((resolve) => {
      let begun = false;
      this.#expect(
        (reply) => {
          if (reply.kind === "begun") begun = true;
          else if (reply.kind === "done" || reply.kind === "failed") resolve(reply);
        },
        (ended) => resolve({ kind: "lost", begun, ended }),
      );
      this.#send({ kind: "task", ...task });
    });
  }

  close(): void {
    this.#process.stdin?.destroy();
    if (this.#process.connected) this.#process.disconnect();
  }

  /** Null when the program is loaded; else why it is not. */
  #load(start: ProgramStart): Promise<ErrorPayload | null> {
    return new Promise((resolve) => {
      this.#expect(
        (reply) => {
          if (reply.kind === "ready") resolve(null);
          if (reply.kind === "broken") resolve(unloaded(reply.message));
        },
        (ended) => resolve(unloaded(`it ${howIt(ended)}`)),
      );
      this.#send({ kind: "start", start });
    });
  }

  #expect(reply: (reply: IsolatedReply) => void, gone: (ended: Ended) => void): void {
    this.#pending = { reply, gone: () => gone(this.#ended as Ended) };
    if (this.#ended !== null) this.#pending.gone();
  }

  #send(message: IsolatedMessage): void {
    if (this.#process.connected) this.#process.send(message, () => {}); // Where it fails, the process has ended.
  }
}

function howIt({ exitCode, signal }: Ended): string {
  return exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
}

function lostBy(ended: Ended): ErrorPayload {
  const data = { exitCode: ended.exitCode, signal: ended.signal, stderr: ended.stderr };
  const last = ended.stderr.trim() === "" ? "" : `; stderr: ${ended.stderr.trim().split("\n").slice(-5).join("\n")}`;
  if (ended.signal === null) {
    const message = `the task ended its process with exit code ${ended.exitCode}${last}`;
    return payloadOf("ERR_TASK_EXIT", message, "throw an error, or return", { data });
  }
  const hint =
    "look for the fault in the native code that it calls, or for memory (`dmesg` tells of the kernel's kills)";
  return payloadOf("ERR_TASK_CRASHED", `the task's process was ended by ${ended.signal}${last}`, hint, { data });
}

function unloaded(message: string): ErrorPayload {
  const what = `the process for isolated tasks cannot load the program: ${message}`;
  return payloadOf(
    "ERR_PROGRAM",
    what,
    "load it the same way in every process; it finds itself in a main thread there",
  );
}
