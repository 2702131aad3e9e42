const MS_BY_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_BY_UNIT = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** `90s`, `1m30s`, `500ms` (Prometheus' duration syntax) in milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:ms|[smhd]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhd])/g)) {
    // The pattern lets no other unit through.
    total += Number(amount) * MS_BY_UNIT[unit as keyof typeof MS_BY_UNIT];
  }
  return total;
}

/** `16KiB`, `1MiB`, `512B` in bytes; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d+)(B|KiB|MiB|GiB)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  // The pattern lets no other unit through.
  return Number(amount) * BYTES_BY_UNIT[unit as keyof typeof BYTES_BY_UNIT];
}

export interface ListenAddress {
  /** Absent: every interface, IPv6 and IPv4. */
  readonly host?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** `127.0.0.1:8503`, `[::1]:8503`, `:9503`; a string says what is wrong with it. */
export function parseListenAddress(text: string): ListenAddress | string {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text) ?? [];
  if (digits === undefined) return 'is not host:port, such as 127.0.0.1:8503 or :9503';
  const port = Number(digits);
  if (port > 65_535) return `has port ${digits}, which is above 65535`;
  const host = bracketed ?? plain;
  return host === undefined || host === '' ? { port } : { host, port };
}

/** `http://127.0.0.1:8503`: an address as a person opens it. */
export function addressUrl(address: ListenAddress, scheme: 'http' | 'https' = 'http'): string {
  const { host, port } = address;
  const reachable = host === undefined || listensEverywhere(address) ? 'localhost' : host;
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** `127.0.0.1:8503`, `:9503`: the address as it is written in a configuration. */
export function addressText({ host = '', port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether it is every interface's. */
function listensEverywhere({ host = '' }: ListenAddress): boolean {
  return host === '' || host === '::' || host === '0.0.0.0';
}

/** Whether the two cannot both be listened on, as far as their words tell: a name may be of several addresses. */
export function overlap(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port !== other.port || one.port === 0) return false;
  const [host, otherHost] = [hostOf(one), hostOf(other)];
  return host === otherHost || covers(host, otherHost) || covers(otherHost, host);
}

/** Whether who connects to `target` gets to who listens, as far as their words tell: which addresses are this machine's is not known. */
export function reaches(target: ListenAddress, listening: ListenAddress): boolean {
  if (target.port !== listening.port) return false;
  const named = hostOf(target);
  const host = LOOPBACK_OF[named] ?? named;
  if (!listensEverywhere(listening)) return host === hostOf(listening);
  return Object.values(LOOPBACK_OF).includes(host) && covers(hostOf(listening), host);
}

/** Where a connection to every interface ends. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

function hostOf({ host = '::' }: ListenAddress): string {
  const name = host.toLowerCase();
  return name === 'localhost' ? '127.0.0.1' : name;
}

/** Node listens on every interface for both IPv6 and IPv4. */
function covers(every: string, host: string): boolean {
  return every === '::' || (every === '0.0.0.0' && !host.includes(':'));
}

/** A socket that others write to. */
export type SocketAddress =
  | { readonly kind: 'udp' | 'tcp'; readonly address: ListenAddress }
  | { readonly kind: 'unix'; readonly path: string };

/** Of the 108 bytes in sun_path (unix(7)) one is the NUL at its end; some systems have 104. */
const MAX_SOCKET_PATH = 103;

/** `udp://127.0.0.1:5514`, `tcp://…`, `unix:///run/llm.sock`; a string says what is wrong with it. */
export function parseSocketAddress(text: string): SocketAddress | string {
  const [, kind, rest = ''] = /^(udp|tcp|unix):\/\/(.+)$/.exec(text) ?? [];
  if (kind === 'unix') {
    if (!rest.startsWith('/')) return 'needs an absolute path after unix://';
    if (Buffer.byteLength(rest) > MAX_SOCKET_PATH) return `has a path above ${MAX_SOCKET_PATH} bytes`;
    return { kind, path: rest };
  }
  if (kind !== 'udp' && kind !== 'tcp') return 'is not udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH';
  const address = parseListenAddress(rest);
  return typeof address === 'string' ? address : { kind, address };
}

/** The address as it is written in a configuration. */
export function socketText(socket: SocketAddress): string {
  if (socket.kind === 'unix') return `unix://${socket.path}`;
  return `${socket.kind}://${addressText(socket.address)}`;
}
