import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../src/cli/terminal/layout.ts';
import { roomWithin } from '../../src/config/proxy/open-files.ts';
import { drive, type Load } from './proxy/drive.ts';
import { moveToOneProcessor } from './proxy/one-processor.ts';
import { memoryOfStreams } from './proxy/open-streams.ts';
import { type Peer, startHaproxy, startNginx, startOurs, startPortkey, startUpstream } from './proxy/peers.ts';
import { cpuUs, descriptorLimit, median, quantile } from './proxy/process-cost.ts';

/**
 * What a proxied request costs: processor time of the proxy process per request and per chunk of a stream, time that it adds, and memory
 * per open stream; ours beside nginx and HAProxy, which count nothing, and Portkey's gateway, which runs on Node as we do. All stand before
 * the same upstream and get the same requests, in turn; medians of the rounds are printed. Only ratios mean something: machines differ.
 *
 * A sidecar runs for weeks, and V8 takes its time: it still compiles after 60,000 requests, in threads that are counted here as well. So all
 * peers are warmed up for as long, with the same load, and only then measured. What the first round cost is printed beside it.
 *
 * All share one processor. On two, what drives a cheap proxy is at work all the time that it is, and each slows the other down (shared caches,
 * and on many machines one core); an expensive one works alone. nginx was seen to cost 17 to 44 µs from round to round there, here 23 to 30.
 */
const ROUNDS = 9;
const WARM_UP_ROUNDS = 40;
/** Before a load that differs only in its size. */
const SHORT_WARM_UP_ROUNDS = 8;
const CONCURRENCY = 32;
const CHUNKS_PER_STREAM = 100;
const SMALL = { stream: false, promptBytes: 500, concurrency: CONCURRENCY };
const REQUESTS: Load = { ...SMALL, count: 3000 };
/** A conversation with some history, or a document. */
const LARGE_REQUESTS: Load = { ...REQUESTS, promptBytes: 16 * 1024 };
const STREAMS: Load = { ...SMALL, count: 150, stream: true };
const ONE_BY_ONE: Load = { ...SMALL, count: 500, concurrency: 1 };
const OPEN_STREAMS = 10_000;

/** The goals of issue 5. */
const MOST_PER_REQUEST = 3;
const MOST_PER_CHUNK = 1.5;
const LEAST_TO_PORTKEY = 12;
const MOST_MIB = 600;

const moveBack = moveToOneProcessor();
const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-bench-'));
const upstream = await startUpstream();
const started: Peer[] = [upstream];
try {
  const options = { upstreamUrl: upstream.url, folder };
  const ours = await keep(startOurs(options));
  const nginx = await keep(startNginx(options));
  const haproxy = await keep(startHaproxy(options));
  const portkey = await keep(startPortkey(options));
  const all = [ours, nginx, haproxy, portkey];
  const perRequest = await costs(all, REQUESTS, WARM_UP_ROUNDS);
  const perLarge = await costs(all, LARGE_REQUESTS, SHORT_WARM_UP_ROUNDS);
  // Portkey 1.15.2 fails on streams of its OpenAI provider: "TypeError: immutable", when it adds headers of its own to the answer.
  const perStream = await costs([ours, nginx, haproxy], STREAMS, WARM_UP_ROUNDS);
  const added = await addedTimes(all);
  const streams = Math.min(OPEN_STREAMS, roomWithin(descriptorLimit()).connections);
  const memory = { ours: await memoryOfStreams(ours, streams), nginx: await memoryOfStreams(nginx, streams) };
  report({ perRequest, perLarge, perStream, added });
  print(`\nMEMORY with ${streams} open streams of ${OPEN_STREAMS} wished for (ulimit -Hn ${descriptorLimit()})\n`);
  for (const [name, { idleMiB, openMiB }] of Object.entries(memory)) {
    const perStreamKiB = ((openMiB - idleMiB) * 1024) / streams;
    print(`${name}: ${openMiB.toFixed(0)} MiB, ${perStreamKiB.toFixed(1)} KiB per stream\n`);
  }
  print('\n');
  goal('times the processor time of nginx per request', ratio(perRequest, ours, nginx), MOST_PER_REQUEST);
  goal('times the processor time of nginx per chunk', ratio(perStream, ours, nginx), MOST_PER_CHUNK);
  goal('of the processor time of Portkey per request', ratio(perRequest, ours, portkey), 1 / LEAST_TO_PORTKEY);
  const large = (peer: Peer) => ratio(perLarge, peer, ours).toPrecision(3);
  print(`prompts of 16 KiB: nginx takes ${large(nginx)} times, Portkey ${large(portkey)} times what ours takes\n`);
  goal(`MiB with ${streams} open streams`, memory.ours.openMiB, MOST_MIB);
} finally {
  for (const { stop } of started.reverse()) await stop();
  await rm(folder, { recursive: true });
  moveBack();
}

async function keep(starting: Promise<Peer>): Promise<Peer> {
  const peer = await starting;
  started.push(peer);
  return peer;
}

type ByPeer<T> = ReadonlyMap<string, T>;

/** Processor time of a request, in microseconds. */
interface Cost {
  /** In the first round after the start, or after the other load. */
  readonly coldUs: number;
  /** The median of the rounds once it was warm. */
  readonly warmUs: number;
}

/** All take part in each round, from the first: one that stands still while others are warmed up would be cold again. */
async function costs(peers: readonly Peer[], load: Load, warmUpRounds: number): Promise<ByPeer<Cost>> {
  const rounds = new Map(peers.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < warmUpRounds + ROUNDS; round += 1) {
    for (const peer of peers) rounds.get(peer.name)?.push(await costOf(peer, load));
  }
  return new Map(
    [...rounds].map(([name, [coldUs = Number.NaN, ...later]]) => [
      name,
      { coldUs, warmUs: median(later.slice(-ROUNDS)) },
    ]),
  );
}

async function costOf(peer: Peer, load: Load): Promise<number> {
  const before = cpuUs(peer.pid);
  await drive(peer, load);
  return (cpuUs(peer.pid) - before) / load.count;
}

interface Added {
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Time that a peer adds to a request, which comes alone: against requests that go to the upstream directly, in the same round. */
async function addedTimes(peers: readonly Peer[]): Promise<ByPeer<Added>> {
  const rounds = new Map(peers.map(({ name }) => [name, [] as Added[]]));
  for (let round = -1; round < ROUNDS; round += 1) {
    const direct = await drive(upstream, ONE_BY_ONE);
    for (const peer of peers) {
      const through = await drive(peer, ONE_BY_ONE);
      const more = (share: number) => quantile(through, share) - quantile(direct, share);
      if (round >= 0) rounds.get(peer.name)?.push({ p50Us: more(0.5), p99Us: more(0.99) });
    }
  }
  return new Map(
    [...rounds].map(([name, all]) => [
      name,
      { p50Us: median(all.map(({ p50Us }) => p50Us)), p99Us: median(all.map(({ p99Us }) => p99Us)) },
    ]),
  );
}

interface Figures {
  readonly perRequest: ByPeer<Cost>;
  readonly perLarge: ByPeer<Cost>;
  readonly perStream: ByPeer<Cost>;
  readonly added: ByPeer<Added>;
}

function report({ perRequest, perLarge, perStream, added }: Figures): void {
  const perChunk = (us: number | undefined) => (us === undefined ? '-' : time(us / CHUNKS_PER_STREAM));
  const rows = [...perRequest].map(([name, { coldUs, warmUs }]) => {
    const stream = perStream.get(name);
    const more = added.get(name);
    return [
      ...[name, time(warmUs), time(coldUs), time(perLarge.get(name)?.warmUs ?? Number.NaN)],
      ...[perChunk(stream?.warmUs), perChunk(stream?.coldUs)],
      ...[time(more?.p50Us ?? Number.NaN), time(more?.p99Us ?? Number.NaN)],
    ];
  });
  const head = ['PROXY', 'CPU/REQUEST', 'COLD', 'OF 16 KIB', 'CPU/CHUNK', 'COLD', 'ADDED P50', 'ADDED P99'];
  print(`${table([head, ...rows], Number.POSITIVE_INFINITY)}\n`);
}

function ratio(figures: ByPeer<Cost>, of: Peer, to: Peer): number {
  return (figures.get(of.name)?.warmUs ?? Number.NaN) / (figures.get(to.name)?.warmUs ?? Number.NaN);
}

function goal(what: string, value: number, atMost: number): void {
  const verdict = value <= atMost ? 'kept' : 'MISSED';
  print(`${value.toPrecision(3)} ${what}; at most ${atMost.toPrecision(3)}: ${verdict}\n`);
}

function time(us: number): string {
  return Math.abs(us) < 1000 ? `${us.toFixed(1)} µs` : `${(us / 1000).toFixed(2)} ms`;
}

function print(text: string): void {
  process.stdout.write(text);
}
