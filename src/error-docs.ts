/** Of every error code, when it happens and what to do. docs/ERRORS.md is generated from this table. */

import type { ErrorCode } from "./error-codes.ts";

/** One row of docs/ERRORS.md. */
export interface ErrorDoc {
  /** When it happens. */
  when: string;
  /** What to do. */
  fix: string;
}

export const errorDocs: Record<ErrorCode, ErrorDoc> = {
  ERR_ADDON: {
    when: "The native addon is missing, or was built for another platform.",
    fix: "Run `npm run build`, or set HEDDLE_EXECUTOR=inline to work without it.",
  },
  ERR_ALREADY_STARTED: {
    when: "run() or start() was called while an engine exists; a process has one.",
    fix: "Share the first engine, or close it before the next start().",
  },
  ERR_APP_DUPLICATE: {
    when: "Two apps were defined with the same name.",
    fix: "Rename one: the name is how ranks and workers find the function.",
  },
  ERR_APP_EXPECTED: {
    when: "A plain function was given where an app is needed, such as a reducer.",
    fix: 'Name it at the top level: `const add = app("add", (a, b) => a + b)`, and pass `add`.',
  },
  ERR_APP_LATE: {
    when: "An app was defined after run() or start() froze the registry.",
    fix: "Define apps at the top level of the program file, or of a module it imports.",
  },
  ERR_APP_MISMATCH: {
    when: "Ranks or workers hold different definitions of an app, or other tokens.",
    fix: "Start the same version of the program on every rank with the same HEDDLE_TOKENS, and define no app conditionally.",
  },
  ERR_APP_NAME: {
    when: "An app's name is empty, too long, or reserved.",
    fix: "Use 1 to 200 characters; names that begin with `heddle:` are reserved.",
  },
  ERR_APP_UNKNOWN: {
    when: "A rank or worker was given a task of an app it never registered.",
    fix: "Define the app at the top level, so that loading the program on any rank defines it.",
  },
  ERR_ARGUMENT: {
    when: "An argument cannot be encoded: a function, a symbol, a cycle, a stream, or what nobody can look into (a WeakMap, a generator).",
    fix: "Pass plain data; the error names the path of the value.",
  },
  ERR_ARGUMENTS: {
    when: "The packed arguments of a command were cut short.",
    fix: "Report it: this is a fault of Heddle.",
  },
  ERR_ARGUMENT_TOO_LARGE: {
    when: "The arguments of one task exceed 64 MiB.",
    fix: "Write the data to a file and pass its path.",
  },
  ERR_BATCH_FAILED: {
    when: "Tasks of a batch failed; the error holds every result and every failure by index.",
    fix: "Look at `failures`, or use `.settled()`, which never rejects for a failed task.",
  },
  ERR_BROADCAST: {
    when: "broadcast() cannot read its file on rank 0, or not write it on some node; the message names the rank, and what its system said.",
    fix: "Look at the disk of that node, or name another folder: broadcast(file, { to }).",
  },
  ERR_CANCELLED: {
    when: "The batch was cancelled before the task was done.",
    fix: "Nothing, if the cancellation was wanted.",
  },
  ERR_CHECKPOINT: {
    when: "A checkpoint cannot be opened, or results cannot be written to it: its folder cannot be written to, the disk is full, one of `loadFrom` is missing, or the file is damaged or no checkpoint.",
    fix: "See to folder and disk. A damaged file is best moved away: without it everything runs again.",
  },
  ERR_CHECKPOINT_BUSY: {
    when: "Another process is writing the checkpoint. One at a time may; others can read it: `loadFrom`.",
    fix: "Wait for it, or give the run another file: checkpoint: { path }. If that process was on another host and is gone, remove the file that ends in .owner.",
  },
  ERR_CLOSED: {
    when: "The engine was closed while tasks were outstanding, or used after its close.",
    fix: "Await every call and map before close().",
  },
  ERR_COMMAND_FAILED: {
    when: "A command ended with an exit code that counts as failure.",
    fix: "Read `stderr`; list accepted codes in `okExitCodes`, or set `check: false`.",
  },
  ERR_COMMAND_NOT_EXECUTABLE: {
    when: "The file that a command names exists but cannot be executed, or the interpreter that its first line names does not exist.",
    fix: "Make it executable (chmod +x), and check its #! line on the nodes.",
  },
  ERR_COMMAND_NOT_FOUND: {
    when: "The first word of a command names no executable on PATH.",
    fix: "Install it on every node, or give its full path.",
  },
  ERR_COMMAND_OUTPUT: {
    when: 'A command whose result is its standard output (`returns: "stdout"`) wrote more than `captureBytes`.',
    fix: "Raise `captureBytes`, or let the command write a file and return its name.",
  },
  ERR_COMMAND_SIGNALED: {
    when: "A command was ended by a signal: it crashed, or somebody killed it.",
    fix: "SIGKILL is often the kernel out of memory: run fewer tasks at a time. After a crash run the command by hand.",
  },
  ERR_COMMAND_TEMPLATE: {
    when: "A command template is malformed, or a placeholder got no value.",
    fix: "Give a value for every {name}; write {{ and }} for literal braces.",
  },
  ERR_CONFIG: {
    when: "An option or HEDDLE_* variable has a value it cannot have.",
    fix: "The message names the option, its value and what is allowed.",
  },
  ERR_CONTEXT: {
    when: "context() was called outside a task.",
    fix: "Call it inside an app's function, not at the top level of the program.",
  },
  ERR_CWD: {
    when: "The working directory of a command does not exist or cannot be entered.",
    fix: "Create it first, on a file system that every node sees.",
  },
  ERR_DEPENDENCY: {
    when: "A future given as an argument failed, so the task never ran.",
    fix: "See `cause`: the failure at the start of the chain.",
  },
  ERR_EXECUTOR: {
    when: "An app, a call or a map asks for executors by a label that none has; or a task calls an app of another executor than its own.",
    fix: "Name labels of `executors` in heddle.config.ts (`heddle config` prints them). Call apps of other executors from the program.",
  },
  ERR_FILE: {
    when: "A `file()` was given neither a path nor a URL that some provider knows, or a checksum or size that cannot be, or an option that there is not.",
    fix: "Give a path, or scheme://host/path; the message lists the schemes that are known.",
  },
  ERR_FILE_CHECKSUM: {
    when: "A file that was brought here has another SHA-256 than `file(..., { sha256 })` says, twice in a row.",
    fix: "Correct the checksum if the file was changed on purpose; otherwise its source is damaged.",
  },
  ERR_FILE_CREDENTIALS: {
    when: "The server of a file refuses who asks (HTTP 401 or 403, a login that failed, no key for S3), or there are no credentials to show.",
    fix: "The message names where credentials for this scheme are looked for.",
  },
  ERR_FILE_HOST: {
    when: "An SSH server shows a key that is not in known_hosts, or another than is there.",
    fix: "Compare the key that the message tells with what those who run the server publish, then do what it says.",
  },
  ERR_FILE_NOT_FOUND: {
    when: "A file that a task needs does not exist (HTTP 404 or 410, no such path or key).",
    fix: "Check the path; what another task makes is passed as its `outputs[i]`, so that this one waits for it.",
  },
  ERR_FILE_REFUSED: {
    when: "The server of a file answered that it will not do what was asked, and will not when asked again.",
    fix: "The message has the server's own words.",
  },
  ERR_FILE_SPACE: {
    when: "The disk that a file was to be written to is full, or has less room than the file needs.",
    fix: "Make room, or name another folder for copies: `staging: { cache }`.",
  },
  ERR_FILE_TRANSFER: {
    when: "The transfer of a file broke off, as often as it was tried.",
    fix: "Look at the network and the server; `staging: { retries }` tries more often. What has arrived is kept, and the next run goes on from there.",
  },
  ERR_FILE_TRUNCATED: {
    when: "A file that was brought here has another size than the server announced, or than `file(..., { size })` says, as often as it was tried.",
    fix: "Look at the server: it ends transfers before their end. Or correct the size.",
  },
  ERR_FUTURE_USED: {
    when: "A future was put into a text, into JSON, or calculated with, as if it were the result that it will have; or a promise into the name of an output.",
    fix: "Await it first. As an argument of another call it can stay as it is: that call waits for it. Functions for `inputs` and `outputs` are given arguments before they are there: name files by others.",
  },
  ERR_GLOBUS_COLLECTION: {
    when: "A `globus:` file comes and goes by a collection of this machine, and there is none: HEDDLE_GLOBUS_COLLECTION or HEDDLE_GLOBUS_FOLDER is not set, or what was transferred is not in that folder.",
    fix: "Set them as the guide on Globus says; HEDDLE_GLOBUS_PATH where the collection calls that folder otherwise.",
  },
  ERR_GLOBUS_CONSENT: {
    when: "A collection of Globus wants its users to consent once that an app reads and writes their files.",
    fix: "Run the `heddle login globus --collection UUID` of the message.",
  },
  ERR_GLOBUS_LOGIN: {
    when: "Nobody has logged in to Globus here, the login has ended (it was revoked, or not used for months), or it is not one that the collection takes.",
    fix: "Run `heddle login globus`. A service sets HEDDLE_GLOBUS_CLIENT_ID and HEDDLE_GLOBUS_CLIENT_SECRET instead.",
  },
  ERR_GLOBUS_TASK: {
    when: "A transfer of Globus failed, or was cancelled by somebody else; the message has its reason.",
    fix: "Look at the transfer in the web app of Globus, under the address in the message.",
  },
  ERR_GUARDIAN_LOST: {
    when: "Something killed heddle-guardian, the small process between a rank and its commands, while a command ran.",
    fix: "Look for the out-of-memory killer in dmesg; do not kill heddle-guardian by hand.",
  },
  ERR_INPUT_FILE: {
    when: "The file that a command should read as its standard input cannot be opened.",
    fix: "It must exist and be readable on the node that runs the task.",
  },
  ERR_FRAME: {
    when: "A message between ranks does not decode.",
    fix: "Report it: this is a fault of Heddle, or of memory.",
  },
  ERR_FRAME_TOO_LARGE: {
    when: "One task's arguments or result make a message larger than a transport carries.",
    fix: "Write the data to a file and pass its path.",
  },
  ERR_INTERNAL: {
    when: "An invariant of Heddle is broken.",
    fix: "Report it with the message.",
  },
  ERR_LAUNCHER: {
    when: "The environment shows a parallel launcher, but not which MPI it serves.",
    fix: "Use `srun --mpi=pmi2` or `--mpi=pmix`, mpiexec, or set HEDDLE_MPI.",
  },
  ERR_MAP_COLUMNS: {
    when: "The columns given to map() differ in length, or do not fit the app's parameters.",
    fix: "Give one column per parameter, all equally long, or one column of argument arrays.",
  },
  ERR_MAP_USED: {
    when: "The results of one map() were asked for in two ways.",
    fix: "Call map() once for each way: collect, discard, reduce, settled, or for await.",
  },
  ERR_MEMO_KEY: {
    when: "An app has `cache`, and an argument of a call has no key: it is of a class that is not plain data; or the function cache.key failed, or returned something that is no text.",
    fix: "Leave the argument out, cache: { ignore: [position] }, or make the key yourself, cache: { key: (...args) => text }.",
  },
  ERR_MPI: {
    when: "A call into MPI failed while the job ran.",
    fix: "The message holds what MPI said.",
  },
  ERR_MPI_BUILD: {
    when: "Compiling the library for an MPI failed: no compiler wrapper, or the compiler said no.",
    fix: "Install the MPI's development package and g++; the message names them.",
  },
  ERR_MPI_INIT: {
    when: "MPI refused to start.",
    fix: "Run `heddle doctor`; the message holds what MPI said.",
  },
  ERR_MPI_MISMATCH: {
    when: "MPI reports another rank or size than the launcher: mpiexec of one MPI, library of another.",
    fix: "Start with the mpiexec that belongs to the MPI, or set HEDDLE_MPI.",
  },
  ERR_MPI_NOT_BUILT: {
    when: "The program was started under an MPI whose library is not built, and building it failed.",
    fix: "Install that MPI's compiler wrapper and run `npx heddle build-mpi`.",
  },
  ERR_MSGPACK: {
    when: "Bytes that should hold msgpack values are cut short or damaged.",
    fix: "Report it: arguments and results are encoded by Heddle itself.",
  },
  ERR_NATIVE_APP: {
    when: "A task of a native app failed: its function returned a number other than 0, or gave too large a result.",
    fix: "`data.number` and `data.text` have what the function said; the app's author knows its numbers.",
  },
  ERR_NATIVE_LIBRARY: {
    when: "The shared library of a native app is missing, needs another library that is, or was built for another machine.",
    fix: "The message has what the dynamic linker said. Build it for this machine, where every rank sees it.",
  },
  ERR_NATIVE_SYMBOL: {
    when: "The shared library of a native app has no function of that name.",
    fix: '`nm -D --defined-only` lists what it has. The function must not be static, and in C++ be extern "C".',
  },
  ERR_NESTED_CALL: {
    when: 'A task called an app under the inline executor, which runs one task after the other, or in a process of its own (isolation: "process").',
    fix: "Run it on threads (one worker: HEDDLE_WORKERS=1), or call the plain function.",
  },
  ERR_NOT_STARTED: {
    when: "An app was called before run() or start().",
    fix: "Call apps inside the body of run(), or after `await start(...)`.",
  },
  ERR_NO_SPACE: {
    when: "A command failed and the device of one of its output files is full.",
    fix: "Free space, or send the output elsewhere.",
  },
  ERR_OUTPUT_FILE: {
    when: "A file for the standard output or error of a command cannot be opened.",
    fix: "Create its directory on every node and check the permissions.",
  },
  ERR_OUTPUT_MISSING: {
    when: "A task ended well, and files that are among its `outputs` are not there. The call fails, and is tried again where it has `retries`.",
    fix: "Let the task write to the paths that it is told (a relative output begins at the program's folder), or take them off its outputs.",
  },
  ERR_PLACEMENT: {
    when: "Tasks have a rank as their target that is not there; or that has no worker of their kind, and they may run nowhere else.",
    fix: "Name a rank that is there and has workers for them, start more ranks, or let others take them: target: { rank, soft: true }.",
  },
  ERR_PROGRAM: {
    when: "The program file, or a module named in start({ apps }), failed to load in a worker.",
    fix: "See `cause`; what stands before run() happens in every worker.",
  },
  ERR_QUEUE_FULL: {
    when: "A transport's queue to a rank is full and stays so.",
    fix: "Report it: senders should wait.",
  },
  ERR_RANK_LOST: {
    when: "A rank died, or was silent for too long.",
    fix: "Look at the node that the message names: memory, network, a kill. If it was only held up, give ranks more time: HEDDLE_RANK_LOST_MS (default 4000).",
  },
  ERR_REDUCE_EMPTY: {
    when: "min, max or a reducer app was asked for the result of no task.",
    fix: "Check for an empty input before the call.",
  },
  ERR_RESOURCES: {
    when: "Tasks were submitted that need more cores, GPUs or memory than any rank has, or than the rank that is their target.",
    fix: "Ask for less in `resources`, or start ranks that have more: fewer on a node, `workers`, HEDDLE_MEMORY, HEDDLE_GPUS.",
  },
  ERR_RESULT: {
    when: "A task's result cannot be encoded: a function, a symbol, a cycle, a promise, a stream, or a generator.",
    fix: "Return plain data.",
  },
  ERR_RESULT_TYPE: {
    when: "A task's result is not what `returns` promises.",
    fix: "Return such a number, or drop `returns`.",
  },
  ERR_SCHEMA: {
    when: "An argument, or a result, does not fit the schema that its app declares (`input`, `output`). `data` has the argument, the path in it, the value and all issues.",
    fix: "Call the app with what its schema allows, or change the schema.",
  },
  ERR_SPAWN: {
    when: "The system refused to start a process: too many of them, no memory, or a command line that is too long.",
    fix: "Look at `ulimit -u` and the memory of the node; a word of a command holds at most 128 KiB.",
  },
  ERR_STDOUT_CLOSED: {
    when: "Whoever read the program's standard output has gone.",
    fix: "Write to a file, or keep the reader alive.",
  },
  ERR_TASK_CRASHED: {
    when: 'A signal ended the process of a task whose app says isolation: "process": a fault in native code, or the kernel where memory ran out. `data` has `signal` and the last of `stderr`.',
    fix: "Look for the fault in the native code that the task calls, or give it more memory.",
  },
  ERR_TASK_EXIT: {
    when: "A task called process.exit() or otherwise ended its worker thread, or its process where it has one of its own.",
    fix: "Throw an error, or return.",
  },
  ERR_TASK_FAILED: {
    when: "A task threw; `cause` has the class, message, stack, cause and own properties of what was thrown.",
    fix: "Fix the app, or catch the error where the task is awaited.",
  },
  ERR_TASK_REJECTED: {
    when: "A promise made inside a task was rejected and nothing handled it.",
    fix: "Await every promise in the app, or catch it.",
  },
  ERR_TASK_THREW_NON_ERROR: {
    when: "A task threw a value that is not an Error.",
    fix: "Throw an Error: it carries a stack.",
  },
  ERR_TASK_UNSETTLED: {
    when: "A task awaits a promise, and its worker has no timer, request or other work left that could settle it.",
    fix: "Look for a callback that is never called, or a `resolve` that is lost.",
  },
  ERR_TOKENS: {
    when: "Tasks were submitted that need more of a token than the whole job has; or a task that holds tokens called an app whose tasks need some, which could wait for each other without end.",
    fix: "Say how many there are: run(body, { tokens: { matlab: 5 } }), or HEDDLE_TOKENS=matlab=5. Give tokens to the inner tasks, or to the outer ones, not to both.",
  },
  ERR_UNAWAITED: {
    when: "Calls failed and their futures were never awaited.",
    fix: "Await every future, or map() and discard().",
  },
  ERR_WALLTIME: {
    when: "A task ran longer than its `walltime`.",
    fix: "Raise `walltime`, or find out why the task hangs.",
  },
  ERR_WORKER_LOST: {
    when: "A worker thread died under a task: out of memory, or a fault in native code. Or a task waited for tasks that it called, and another task ended its worker thread meanwhile.",
    fix: 'Give Node more memory (--max-old-space-size), or run the code in a process of its own: isolation: "process", or a command with bashApp.',
  },
};
