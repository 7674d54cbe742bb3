/** One rank on this machine: the command as it is. */

import type { Launch, LaunchRequest } from "./launcher.ts";

export function single(request: LaunchRequest): Launch {
  return { argv: [...request.command], environment: { ...request.environment } };
}
