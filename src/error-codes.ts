/** Every error code a user can meet. error-docs.ts says when, and what to do. */

export type ErrorCode =
  | "ERR_ADDON" // the native addon is missing or does not load
  | "ERR_ALREADY_STARTED" // run() or start() was called a second time
  | "ERR_APP_DUPLICATE" // two apps have one name
  | "ERR_APP_EXPECTED" // a plain function stands where an app is needed
  | "ERR_APP_LATE" // an app was defined after run() or start()
  | "ERR_APP_MISMATCH" // ranks registered different apps
  | "ERR_APP_NAME" // a name that cannot name an app
  | "ERR_APP_UNKNOWN" // a rank or worker does not know the app
  | "ERR_ARGUMENT" // an argument that cannot be encoded
  | "ERR_ARGUMENTS" // packed arguments of a command are damaged
  | "ERR_ARGUMENT_TOO_LARGE" // arguments of one task above 64 MiB
  | "ERR_BATCH_FAILED" // some tasks of a batch failed
  | "ERR_BROADCAST" // a file cannot be put onto every node
  | "ERR_CANCELLED" // the batch was cancelled
  | "ERR_CHECKPOINT" // a checkpoint cannot be opened or written
  | "ERR_CHECKPOINT_BUSY" // another process writes the checkpoint
  | "ERR_CLOSED" // the engine was closed
  | "ERR_COMMAND_FAILED" // a command ended with a bad exit code
  | "ERR_COMMAND_NOT_EXECUTABLE" // the file of a command is there, but cannot be run
  | "ERR_COMMAND_NOT_FOUND" // no such command
  | "ERR_COMMAND_OUTPUT" // a command wrote more to standard output than its result may hold
  | "ERR_COMMAND_SIGNALED" // a command was ended by a signal
  | "ERR_COMMAND_TEMPLATE" // a command template is wrong, or a placeholder has no value
  | "ERR_CONFIG" // an option has a value it cannot have
  | "ERR_CONTEXT" // context() was called outside a task
  | "ERR_CWD" // the working directory of a command cannot be entered
  | "ERR_DEPENDENCY" // an input of the task failed, so it never ran
  | "ERR_EXECUTOR" // an app asks for an executor that is not there
  | "ERR_FILE" // file() was given what names no file
  | "ERR_FILE_CHECKSUM" // a file is not the one that was asked for
  | "ERR_FILE_CREDENTIALS" // a server wants credentials, or others
  | "ERR_FILE_HOST" // an SSH server is not who it should be
  | "ERR_FILE_NOT_FOUND" // a file is not there
  | "ERR_FILE_REFUSED" // a server will not take or give a file
  | "ERR_FILE_SPACE" // no room for a file
  | "ERR_FILE_TRANSFER" // a file cannot be brought to its place
  | "ERR_FILE_TRUNCATED" // a file is shorter or longer than it should be
  | "ERR_FUTURE_USED" // a future was used as a text or number
  | "ERR_GLOBUS_COLLECTION" // no collection of Globus sees this machine's files
  | "ERR_GLOBUS_CONSENT" // a collection of Globus wants a consent
  | "ERR_GLOBUS_LOGIN" // nobody has logged in to Globus
  | "ERR_GLOBUS_TASK" // a transfer of Globus failed
  | "ERR_GUARDIAN_LOST" // the guardian of a process slot was killed
  | "ERR_INPUT_FILE" // the file for the standard input of a command cannot be opened
  | "ERR_FRAME" // a message between ranks is damaged
  | "ERR_FRAME_TOO_LARGE" // a message between ranks is too large
  | "ERR_INTERNAL" // a broken invariant inside Heddle
  | "ERR_LAUNCHER" // started by a launcher whose MPI cannot be told
  | "ERR_MAP_COLUMNS" // columns of map() do not fit the app or each other
  | "ERR_MAP_USED" // the results of one map() were asked for in two ways
  | "ERR_MEMO_KEY" // no key can be made of the arguments of a call with `cache`
  | "ERR_MPI" // an MPI call failed
  | "ERR_MPI_BUILD" // an MPI library cannot be compiled here
  | "ERR_MPI_INIT" // MPI did not start
  | "ERR_MPI_MISMATCH" // the launcher and the MPI library disagree: the wrong mpiexec
  | "ERR_MPI_NOT_BUILT" // the library for this MPI is missing and cannot be built
  | "ERR_MSGPACK" // bytes that should be msgpack are not
  | "ERR_NATIVE_APP" // a native app failed
  | "ERR_NATIVE_LIBRARY" // the shared library of a native app cannot be opened
  | "ERR_NATIVE_SYMBOL" // the shared library of a native app has no such function
  | "ERR_NESTED_CALL" // a task called an app under the inline executor
  | "ERR_NOT_STARTED" // an app was called before run() or start()
  | "ERR_NO_SPACE" // the device of an output file is full
  | "ERR_OUTPUT_FILE" // an output file of a command cannot be opened
  | "ERR_OUTPUT_MISSING" // a task did not make a file of its outputs
  | "ERR_PLACEMENT" // tasks are to run on a rank that is not there, or has no worker for them
  | "ERR_PROGRAM" // the program failed to load in a worker
  | "ERR_QUEUE_FULL" // a send queue is full
  | "ERR_RANK_LOST" // a rank is gone
  | "ERR_REDUCE_EMPTY" // min, max or a reducer app over no task at all
  | "ERR_RESOURCES" // a task needs more than any rank has
  | "ERR_RESULT" // a result that cannot be encoded
  | "ERR_RESULT_TYPE" // a result that does not fit `returns`
  | "ERR_SCHEMA" // an argument or a result does not fit the schema of its app
  | "ERR_SPAWN" // the system refused to start a process
  | "ERR_STDOUT_CLOSED" // the reader of standard output is gone
  | "ERR_TASK_CRASHED" // a signal ended the process of an isolated task
  | "ERR_TASK_EXIT" // a task called process.exit()
  | "ERR_TASK_FAILED" // a task threw
  | "ERR_TASK_REJECTED" // a promise made in a task was rejected and nobody handled it
  | "ERR_TASK_THREW_NON_ERROR" // a task threw something that is not an Error
  | "ERR_TASK_UNSETTLED" // a task awaits a promise that nothing can settle
  | "ERR_TOKENS" // more tokens than there are, or taken by tasks of tasks that hold some
  | "ERR_UNAWAITED" // calls failed and nobody looked
  | "ERR_WALLTIME" // a task exceeded its time limit
  | "ERR_WORKER_LOST"; // a worker thread died
