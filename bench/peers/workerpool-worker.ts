/** What workers of workerpool load. */

import workerpool from "workerpool";
import { increment, pause, succeed } from "./tasks.ts";

workerpool.worker({ increment, succeed, pause });
