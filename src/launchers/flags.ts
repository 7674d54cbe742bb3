/**
 * What `heddle run` tells the program that it starts, through the environment, since that also reaches ranks which mpiexec starts.
 *
 * It is meant for that program alone. Whoever reads it takes it out of the environment and puts back what was there before, so that commands and
 * programs which tasks start are not told it too. HEDDLE_FLAGS says what that was: a JSON object of names, null where there was nothing.
 */

type Environment = Record<string, string | undefined>;

let taken: Environment = {};
let told: Record<string, string | null> | null = null;

/** For the program to be started; may be called again for more. Flags of a `heddle run` around this one are not passed on. */
export function tellProgram(flags: Readonly<Record<string, string>>): void {
  if (told === null) restore();
  const before = Object.keys(flags).map((name) => [name, process.env[name] ?? null]);
  told = { ...Object.fromEntries(before), ...told };
  Object.assign(process.env, flags, { HEDDLE_FLAGS: JSON.stringify(told) });
}

/** The environment as options of this program are read from it. HEDDLE_FLAGS lists the names of flags, with commas. */
export function programEnvironment(): Environment {
  taken = { ...taken, ...restore() };
  return { ...process.env, ...taken, HEDDLE_FLAGS: Object.keys(taken).join(",") };
}

/** Returns what `heddle run` said; the environment no longer does. */
function restore(): Environment {
  const text = process.env["HEDDLE_FLAGS"];
  if (!text) return {};
  delete process.env["HEDDLE_FLAGS"];
  const before = Object.entries(JSON.parse(text) as Record<string, string | null>);
  const flags = Object.fromEntries(before.map(([name]) => [name, process.env[name]]));
  for (const [name, value] of before) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  return flags;
}
