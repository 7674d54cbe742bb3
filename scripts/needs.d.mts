export interface Need {
  name: string;
  /** Programs on PATH, or files with a path. */
  files: string[];
  /** Debian packages that bring them. */
  packages: string[];
  tool?: boolean;
}

export const needs: Need[];
export function isThere(file: string): boolean;
export function missing(options?: { toolsOnly?: boolean; there?: (file: string) => boolean }): Need[];
export function installAll(still: () => Need[], aptGet: (args: string[]) => boolean, attempts?: number): void;
export function describeMissing(left: Need[]): string;
