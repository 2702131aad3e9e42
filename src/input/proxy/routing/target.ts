/** What a request is aimed at, each part as the client wrote it. */
export interface RequestTarget {
  readonly path: string;
  /** With its question mark; empty where there is none. */
  readonly query: string;
  /** Of an absolute target; it counts more than the Host header (RFC 9112 section 3.2.2). */
  readonly host: string | undefined;
}

/** Reads a request target in origin form or absolute form (RFC 9112 section 3.2); undefined for any other. */
export function parseTarget(target: string): RequestTarget | undefined {
  if (target.startsWith('/')) return split(target, undefined);
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  if (absolute === null) return undefined;
  const [, host, rest = ''] = absolute;
  return split(rest.startsWith('/') ? rest : `/${rest}`, host);
}

function split(text: string, host: string | undefined): RequestTarget {
  const at = text.indexOf('?');
  return at === -1 ? { path: text, query: '', host } : { path: text.slice(0, at), query: text.slice(at), host };
}

/** A host for comparison: in small letters, without user, port or the dot of the root. */
export function bareHost(host: string): string {
  return host.toLowerCase().replace(/^.*@/, '').replace(/:\d*$/, '').replace(/\.$/, '');
}

/** A segment `.` or `..` as any server might read it: encoded, behind an encoded slash or a backslash, with a parameter. */
const DOT_SEGMENT = /(?:\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?=$|[/\\;#]|%2f|%5c|%3b|%23|%00)/i;
/** What servers differ in: some decode slashes, merge doubled ones, or cut off parameters before they resolve dots, others do not. */
const READ_DIFFERENTLY = /\/\/|[\\;#]|%2f|%5c|%3b|%23|%00/i;

/**
 * A path (without its query) with its dot segments resolved, as the upstream will resolve them (RFC 3986 section 5.2.4); all else stays byte
 * for byte. Undefined where servers would not agree on what comes out (`/a/..%2fb`, `/a//../b`): such a path could be matched here as one
 * thing and served there as another.
 */
export function resolvePath(path: string): string | undefined {
  // Every dot segment holds one of the two, which nearly no path does.
  if (!path.includes('.') && !path.includes('%')) return path;
  if (!DOT_SEGMENT.test(path)) return path;
  if (READ_DIFFERENTLY.test(path)) return undefined;
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [at, segment] of segments.entries()) {
    const dots = segment.replace(/%2e/gi, '.');
    if (dots !== '.' && dots !== '..') kept.push(segment);
    else {
      if (dots === '..') kept.pop();
      // What a dot segment at the end names is a folder.
      if (at === segments.length - 1) kept.push('');
    }
  }
  return `/${kept.join('/')}`;
}

const BETWEEN_PIECES = /[\\;#]|%2f|%5c|%3b|%23|%00/i;
/** What some servers take for the end of a segment or of the path. */
const CUTS_OFF = /[;#]|%3b|%23|%00/i;

/** Whether the dot segments of a path, in any reading of it, might lead above where it starts. */
export function mayClimb(path: string): boolean {
  if (!DOT_SEGMENT.test(path)) return false;
  let depth = 0;
  for (const segment of path.replace(/%2e/gi, '.').split('/')) {
    // Each reading finds some of these, and none finds more.
    depth -= segment.split(BETWEEN_PIECES).filter((piece) => piece === '..').length;
    if (depth < 0) return true;
    // And whatever is cut off, one name at most is left of it for certain.
    const [kept = ''] = segment.split(CUTS_OFF);
    if (kept.split(BETWEEN_PIECES).some((piece) => !/^\.{0,2}$/.test(piece))) depth += 1;
  }
  return false;
}

/**
 * What is behind a prefix of whole segments, with its slash; undefined when the path is not under it. `prefix` has no final slash. Letters and
 * digits count the same encoded or not (RFC 3986 section 6.2.2.2).
 */
export function pathBehind(path: string, prefix: string): string | undefined {
  if (prefix === '') return path;
  let end = 0;
  for (let slashes = prefix.split('/').length - 1; slashes > 0 && end !== -1; slashes -= 1)
    end = path.indexOf('/', end + 1);
  const head = end === -1 ? path : path.slice(0, end);
  if (decodeUnreserved(head) !== decodeUnreserved(prefix)) return undefined;
  return path.slice(head.length) || '/';
}

function decodeUnreserved(text: string): string {
  return text.replace(/%([2-7][\da-f])/gi, (encoded, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(char) ? char : encoded;
  });
}
