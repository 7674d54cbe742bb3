/** What `heddle --help` teaches. */

export const mainHelp = `Heddle runs many tasks: functions and commands, called by the thousand or by the billion, on the cores
of this machine or on the ranks of an MPI job. The program is the same; how it is started decides.

Three ways to start a program
  node screen.js                    threads on this machine
  mpiexec -n 64 node screen.js      ranks (MPICH or Open MPI): rank 0 runs the body of run(), the others serve
  import { start } from "heddle"    from inside a larger Node.js program

\`heddle run\` does the first two for you, and takes TypeScript:
  heddle run screen.ts              threads
  heddle run -n 64 screen.ts        finds mpiexec; inside a Slurm allocation srun

A program (squares.ts)
  import { app, range, run } from "heddle";

  // Apps are known by name: every rank and every worker loads this file.
  const square = app("square", (n: number) => n * n, { returns: "f64" });

  // Only rank 0 runs the body.
  await run(async () => {
    console.log(await square(7));                                      // one task
    console.log(await square.map(range(0, 1_000_000)).reduce("sum"));  // a batch
  });

Commands
  heddle run [options] PROGRAM [ARGUMENT...]    run a program
  heddle config [FILE]                          the options that count, and where each comes from
  heddle cache ls | show | rm | gc | files      results that are kept between runs, and copies of files
  heddle doctor                                 what works here, what would happen, and why
  heddle login globus, heddle logout globus     let programs use your files in Globus, or not any more
  heddle build-mpi [mpich|openmpi]              compile the library of an MPI, for this machine
  heddle COMMAND --help                         more about one command
  heddle --version

Configuration: an option is what a flag of heddle run says, else the program, else the environment, else heddle.config.ts
(or .mts, .js, .mjs, .cjs, .json) in the program's folder or one above, else its default.

Environment
  HEDDLE_CONFIG         the configuration file; none. One that is found, not named, is used only where no other user can
                        have written it
  HEDDLE_EXECUTOR       threads, mpi, inline or auto. Default: auto: mpi under a launcher, else threads
  HEDDLE_WORKERS        JavaScript workers of each rank. Default: auto: one for each core that is the rank's share of its
                        node (by affinity mask and cgroup; what several ranks may use they share evenly)
  HEDDLE_PROCESS_SLOTS  commands at a time of each rank. Default: as many as workers
  HEDDLE_NATIVE_SLOTS   calls of native apps at a time of each rank. Default: auto
  HEDDLE_AFFINITY       cores: each worker, command and native slot keeps to one core; none. Default: none
  HEDDLE_GPUS           GPUs that ranks of a node share and hand out to slots, such as 0,1; or none.
                        Default: CUDA_VISIBLE_DEVICES
  HEDDLE_MEMORY         memory of each rank that tasks may ask for, such as 64GiB. Default: an even share of the node's
  HEDDLE_TOKENS         tokens that tasks may ask for, in the whole job, such as matlab=5,fluent=2. Default: none
  HEDDLE_RETRIES        how often tasks that fail are tried again, unless their app says: 0 to 1000. Default: 0
  HEDDLE_AGEING         seconds of waiting that are worth one more of priority; off. Default: off
  HEDDLE_CHECKPOINT     task, periodic, exit, manual: when results of apps with \`cache\` are kept in a file; off
  HEDDLE_CHECKPOINT_PATH  that file. Default: .heddle/checkpoint.mdb
  HEDDLE_RESUME         1: what \`heddle run --resume\` does
  HEDDLE_STAGING_CACHE  folder of copies of files that are brought to tasks. Default: heddle/files in ~/.cache
  HEDDLE_STAGING_CACHE_SIZE  how much is kept there, such as 50GiB. Default: 50GiB
  HEDDLE_RUN_DIR        folder in which each run gets one of its own; none. Default: runinfo of run(), none of start()
  HEDDLE_KEEP_RUNS      of how many runs the folders stay; older ones that have ended are removed. Default: all
  HEDDLE_LOG            debug, info, warn or error: the least that the log in it has. Default: info
  HEDDLE_GLOBUS_CLIENT_ID  the app that you registered with Globus, for \`heddle login globus\`
  HEDDLE_GLOBUS_CLIENT_SECRET  with it programs ask Globus as that app, and nobody logs in
  HEDDLE_GLOBUS_COLLECTION  UUID of the collection of Globus that sees this machine's files, for globus: files
  HEDDLE_GLOBUS_FOLDER  folder on this machine that it sees, where files come and go
  HEDDLE_GLOBUS_PATH    what that folder is called in the collection. Default: the same
  HEDDLE_GLOBUS_AUTH    where Globus logs in. Default: https://auth.globus.org
  HEDDLE_GLOBUS_TRANSFER  its Transfer API. Default: https://transfer.api.globus.org/v0.10
  HEDDLE_PROGRESS       1: what \`heddle run --progress\` does
  HEDDLE_FLAGS          set by heddle run for the program that it starts: which of these come from flags, which count before
                        all else, and what they were before. Programs and commands that tasks start do not get the flags
  HEDDLE_MPI            mpich, openmpi, none (threads, whatever the launcher) or auto. Default: auto
  HEDDLE_RANK_LOST_MS   silence after which a rank counts as lost, milliseconds; more than 1000, or 0: never.
                        Default: 4000
  HEDDLE_STAGE          none: ranks of \`heddle run -n\` load the program file by file, not from a copy on each node
  HEDDLE_SPIN_US        how long what waits looks for work before it sleeps, microseconds. Default: 50
`;

export const commandHelp: Record<string, string> = {
  run: `heddle run [options] PROGRAM [ARGUMENT...]

Runs a program (.js, .mjs, .ts, .mts, .tsx). TypeScript and local imports are compiled once, into a folder .heddle beside
the program; ranks and workers load the result. With -n that is one file for the program, its packages and Heddle, of which
each node keeps a copy under TMPDIR. Types are not checked: that is what tsc is for.

  -n, --ranks RANKS      start this many ranks with mpiexec, or with srun inside a Slurm allocation.
                         Without it the program runs in this process, on threads
      --workers N        JavaScript workers of each rank, or auto
      --mpi FLAVOUR      mpich or openmpi. Default: HEDDLE_MPI, else what is built, else what is found
      --resume           keep results of apps with \`cache\` in .heddle/checkpoint.mdb, and use those that are there.
                         For programs that set no checkpoint themselves; those that do use theirs in any case
      --config FILE      the configuration file, or none. Default: HEDDLE_CONFIG, else the one that is found
      --progress         on standard error, a line for each app: done, running, failed, rate, time left
      --executor KIND    threads, mpi, or inline (everything on the main thread, for a debugger)

What stands behind PROGRAM belongs to the program. The exit code is the program's; only under srun with MPICH a program
that calls process.exit(CODE) in its body ends with 137: Slurm forgets the code. There set process.exitCode and return.

  heddle run screen.ts --top 20
  heddle run -n 8 --workers 2 screen.ts
  node --inspect-brk node_modules/heddle/dist/cli/main.js run --executor inline screen.ts
`,
  config: `heddle config [FILE]

Prints every option that a program would get, and where it comes from: the environment, the configuration file, or nobody (the
default). What a program says in its code counts before these. FILE is a program, a folder, or a configuration file. Default:
the current folder. A file with mistakes is told with all of them.

      --json             the same for programs

  heddle config screen.ts
`,
  cache: `heddle cache ls [--json]                              apps with results in the checkpoint, and how many
heddle cache show APP [KEY] [--json]                  each result of an app, or one: the beginning of its key will do
heddle cache rm APP [KEY] | --all                     removes results
heddle cache gc [--max-bytes BYTES] [--ttl SECONDS]   removes what is too old, and what was used least recently
heddle cache files [ls] [--json]                      copies of files that were brought to tasks of this machine
heddle cache files rm NAME | --all                    removes copies, by name or SHA-256
heddle cache files gc --max-bytes BYTES               removes copies that were used least recently

      --path FILE        of files, the folder. Default: HEDDLE_STAGING_CACHE, else heddle/files in ~/.cache.
                         Else the checkpoint. Default: HEDDLE_CHECKPOINT_PATH, else .heddle/checkpoint.mdb
      --max-bytes BYTES  such as 4GiB. Default: no limit
      --ttl SECONDS      older results go. Default: none does

rm and gc also make the file as small as it can be; not while a program writes it. A program removes what is over its own
limits when it ends: checkpoint: { maxBytes, ttl }. Copies that a running program may use stay.

  heddle cache gc --max-bytes 2GiB --ttl 604800
  heddle cache files rm sample-7.fastq.gz
`,
  doctor: `heddle doctor [--json]

Says what works on this machine: Node.js, the addon, every MPI found, the limits that matter; which launcher started
this process, and what a program would do if it were started now, and why. Run it where the program runs, such as
\`mpiexec -n 1 npx heddle doctor\` or \`srun npx heddle doctor\`.

      --json             the same for programs

Ends with 1 when something is broken.
`,
  login: `heddle login globus [options]

Logs in to Globus, so that programs may use globus: files in your name: prints an address to open in a browser, anywhere,
and reads the code that is shown there after the login. The login is kept in heddle/globus.json in ~/.config, readable by
you alone, and renewed while it is used. HEDDLE_GLOBUS_CLIENT_ID names the app that you registered with Globus, once, at
https://app.globus.org/settings/developers (a thick client, with the redirect https://auth.globus.org/v2/web/auth-code).

      --collection UUID  also consent that files of this collection are read and written; an error says when it is needed
      --domain DOMAIN    log in with an identity of this domain, such as ncsa.illinois.edu
      --identity NAME    log in with this identity (name or UUID)
      --policy UUID      log in as this policy wants. Errors say when one of these is needed; each may be given several times

  HEDDLE_GLOBUS_CLIENT_ID=... heddle login globus
`,
  logout: `heddle logout globus

Forgets the login, and tells Globus that it is over.
`,
  "build-mpi": `heddle build-mpi [mpich] [openmpi]

Compiles the small library that connects Heddle to an MPI, with that MPI's own compiler wrapper (mpicxx). MPIs have no
common binary interface, so this happens on the machine where programs will run. Without a name: all that are found.
A program that needs a library builds it when it starts; this command does it before.
`,
};
