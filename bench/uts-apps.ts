/** The apps of the example: what is measured is what is shown there. */

export * from "../examples/uts/apps.ts";
