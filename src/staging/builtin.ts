/** Which provider moves files of a scheme. Each is loaded when it is first needed. */

import { HeddleError } from "../errors.ts";
import { shown } from "./errors.ts";
import { ownProvider, ownSchemes, type StagingProvider } from "./provider.ts";

const builtin: Record<string, () => Promise<StagingProvider>> = {
  file: async () => (await import("./local.ts")).localProvider,
  http: async () => (await import("./http.ts")).httpProvider,
  globus: async () => (await import("./globus.ts")).ownGlobus(),
  https: async () => (await import("./http.ts")).httpProvider,
  ftp: async () => (await import("./ftp.ts")).ftpProvider,
  ftps: async () => (await import("./ftp.ts")).ftpProvider,
  s3: async () => (await import("./s3.ts")).s3Provider,
  sftp: async () => (await import("./sftp.ts")).sftpProvider,
};

/** Throws ERR_FILE for a scheme that nobody knows. */
export async function providerFor(url: string): Promise<StagingProvider> {
  const scheme = url.slice(0, url.indexOf(":"));
  const own = ownProvider(scheme);
  if (own !== undefined) return own;
  const load = builtin[scheme];
  if (load !== undefined) return await load();
  const known = [...new Set([...Object.keys(builtin), ...ownSchemes()])].join(", ");
  const hint = `use one of ${known}, or add a provider with stagingProvider()`;
  throw new HeddleError("ERR_FILE", `${shown(url)}: no provider knows the scheme ${scheme}.`, hint);
}
