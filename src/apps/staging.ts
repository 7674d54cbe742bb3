/** How files are brought to tasks, as users write it. */

/** Options of `staging`. */
export interface StagingOptions {
  /** Folder of copies, on each node's own disk where there are several. Default: heddle/files in XDG_CACHE_HOME, or in ~/.cache. HEDDLE_STAGING_CACHE. */
  cache?: string;
  /**
   * Bytes of copies that are kept, or text such as "50 GiB": beyond it those go that were used longest ago, but none that a program used which runs
   * now. Default: 50 GiB. HEDDLE_STAGING_CACHE_SIZE.
   */
  cacheSize?: number | string;
  /** Attempts after the first that breaks off, 0 to 100; what has arrived is kept between them. Default: 4. */
  retries?: number;
  /** Seconds without a byte after which an attempt is given up, 0.1 to 86400. Default: 60. */
  stall?: number;
  /** True: all nodes see the folder of copies, and one copy serves all. Default: false, each node gets its own. */
  shared?: boolean;
}
