import { fileURLToPath } from "node:url";
import type { ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const source = fileURLToPath(new URL("./src/index.ts", import.meta.url));

/** Builds first: they take longest, and keep a core busy while the tests beside them mostly wait. */
class BuildsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const builds = sorted.filter(({ moduleId }) => moduleId.includes("/test/package/"));
    return [...builds, ...sorted.filter((file) => !builds.includes(file))];
  }
}

// Forks, not threads: a fault in native code must fail one test file, not the whole run. Two files at a time: those of
// `integration` start up to 16 processes each, but mostly wait for them.
const config: ViteUserConfig = {
  test: {
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: BuildsFirst },
    projects: [
      {
        resolve: { alias: { heddle: source } },
        test: {
          name: "unit",
          testTimeout: 60_000, // Only a hang takes so long, also on a busy machine.
          include: ["src/**/*.test.ts", "bench/**/*.test.ts", "examples/**/*.test.ts", "scripts/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
};

export default config;
