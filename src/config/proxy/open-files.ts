/** Connections of clients where the configuration does not say, as far as the system lets this process have them. */
export const DEFAULT_CONNECTIONS = 20_000;

/** Listeners, state, logs, standard streams, Node's own, and scrapes: some 30 at rest. */
const OWN_FILES = 64;
/** Connections above the limit that are heard out to be told so. */
const MAX_SURPLUS = 256;

/** What a limit of open files leaves for clients, once what is ours is taken off. */
export interface ConnectionRoom {
  /** That may have requests under way: each takes two, one of them to an upstream. */
  readonly connections: number;
  /** On top of these, that are only answered 503. */
  readonly surplus: number;
}

/** Without a limit there is room for more than anybody asks for. */
export function roomWithin(openFiles: number | undefined): ConnectionRoom {
  if (openFiles === undefined) return { connections: Number.POSITIVE_INFINITY, surplus: MAX_SURPLUS };
  const left = openFiles - Math.min(OWN_FILES, Math.floor(openFiles / 2));
  const surplus = Math.min(MAX_SURPLUS, Math.floor(left / 8));
  return { connections: Math.max(1, Math.floor((left - surplus) / 2)), surplus };
}

let known: { readonly openFiles: number | undefined } | undefined;

/**
 * How many files and connections this process may have open at a time; undefined where there is no limit or it cannot be known. Node has
 * raised the soft limit to the hard one by then. Read once: the report that says it takes 10 ms.
 */
export function openFileLimit(): number | undefined {
  known ??= { openFiles: readLimit() };
  return known.openFiles;
}

function readLimit(): number | undefined {
  // Node has it since 22.0, its types have not.
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const { excludeNetwork } = report;
  // Or it would ask nameservers for the names of all peers.
  report.excludeNetwork = true;
  try {
    // Documented as JSON of no fixed form.
    const { userLimits } = report.getReport() as {
      readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
    };
    const soft = userLimits?.open_files?.soft;
    return typeof soft === 'number' && soft > 0 ? soft : undefined;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
