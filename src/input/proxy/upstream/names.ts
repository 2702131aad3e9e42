import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { lackOfDescriptors } from '../limits/lack.ts';

/** With an error come no addresses at all, whatever Node's types say. */
type Answered = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[] | undefined) => void;

/** Asks the system for all addresses of a name: `dns.lookup`. */
export type SystemLookup = (name: string, options: LookupAllOptions, answered: Answered) => void;

type NetOptions = Parameters<LookupFunction>[1];
type NetAnswered = Parameters<LookupFunction>[2];

/** Finds the addresses of upstreams, for all of a proxy's connections. */
export interface Names {
  /** As `net.connect` wants its `lookup`; returns a way to wait no longer, after which nothing is heard. */
  lookup(name: string, options: NetOptions, answered: NetAnswered): () => void;
}

export interface NamesOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'info'>;
  /** Absent: getaddrinfo, which knows the hosts file, nsswitch and search domains. */
  readonly system?: SystemLookup | undefined;
}

/** Without a free descriptor glibc cannot read the hosts file or ask anybody, and says that there is no such name. */
const getaddrinfo: SystemLookup = (name, options, answered) => {
  lookup(name, options, (error, addresses) => {
    const isNone = error !== null && error.code === NO_SUCH_NAME;
    answered(isNone ? (lackOfDescriptors() ?? error) : error, addresses);
  });
};

const NO_SUCH_NAME = 'ENOTFOUND';

/** Nameservers answer in milliseconds; a query that was lost is sent again after 5 s by default (resolv.conf(5)). */
const PATIENCE_MS = 2000;
/** How long addresses may be used without an answer that confirms them (RFC 8767 section 5: one to three days). */
const MAX_AGE_MS = 24 * 60 * 60_000;

const NOT_RESOLVED = 'the name of an upstream is not resolved, its last addresses are used';

interface Asked {
  readonly sinceMs: number;
  readonly waiting: Set<Answered>;
}

interface Name {
  readonly name: string;
  readonly options: LookupAllOptions;
  /** Of the last answer; undefined where that was that there are none. */
  last: { readonly addresses: readonly LookupAddress[]; readonly answeredMs: number } | undefined;
  /** The lookup under way; at most one. */
  asked: Asked | undefined;
  /** The last addresses had to do, and that has been logged. */
  isTold: boolean;
}

/**
 * Looks names up for each connection anew, so that addresses that move are followed. But getaddrinfo blocks one of few threads until a
 * nameserver answers, half a minute if it is mute, and a thread for each request would soon leave none for the other upstreams. So there is
 * one lookup of a name under way, however many wait for it or have ceased to. One that is not answered in time, or that ends without an
 * answer, does no harm where the name was known before: its last addresses are good, as far as anyone knows (RFC 8767). That there is no
 * such name is an answer.
 *
 * Names come from the configuration and never from clients: what is kept of each is not bounded further.
 */
export function createNames({ clock, log, system = getaddrinfo }: NamesOptions): Names {
  const names = new Map<string, Name>();

  function nameOf(name: string, { family, hints }: NetOptions): Name {
    const key = `${name} ${family ?? 0} ${hints ?? 0}`;
    const known = names.get(key);
    if (known !== undefined) return known;
    const options = {
      all: true,
      ...(family !== undefined && { family }),
      ...(hints !== undefined && { hints }),
    } as const;
    const made: Name = { name, options, last: undefined, asked: undefined, isTold: false };
    names.set(key, made);
    return made;
  }

  function ask(name: Name, asked: Asked): void {
    name.asked = asked;
    const cancelPatience = lastOf(name) && clock.after(PATIENCE_MS, () => makeDo(name, 'no answer'));
    system(name.name, name.options, (error, addresses) => {
      cancelPatience?.();
      hear(name, error, addresses);
    });
  }

  function hear(name: Name, ...[error, addresses]: Parameters<Answered>): void {
    // Other errors tell of the way to a nameserver, or of the nameserver, and not of the name.
    const isAnswer = error === null || error.code === NO_SUCH_NAME;
    if (isAnswer) confirm(name, addresses);
    else if (lastOf(name) !== undefined) makeDo(name, error.code ?? error.message);
    const { asked } = name;
    // Whoever asks from now on, asks anew.
    name.asked = undefined;
    if (asked !== undefined) answer(asked, error, addresses);
  }

  function confirm(name: Name, addresses: LookupAddress[] | undefined): void {
    name.last = addresses && { addresses, answeredMs: clock.elapsedMs() };
    if (name.isTold) log.info('the lookup of the name of an upstream is answered again', { name: name.name });
    name.isTold = false;
  }

  /** Gives those who wait the last addresses. */
  function makeDo(name: Name, why: string): void {
    const { asked } = name;
    const addresses = lastOf(name);
    if (addresses === undefined || asked === undefined || asked.waiting.size === 0) return;
    if (!name.isTold) log.warn(NOT_RESOLVED, { name: name.name, why });
    name.isTold = true;
    answer(asked, null, [...addresses]);
  }

  function answer({ waiting }: Asked, ...answer: Parameters<Answered>): void {
    const answered = [...waiting];
    waiting.clear();
    for (const tell of answered) tell(...answer);
  }

  function lastOf({ last }: Name): readonly LookupAddress[] | undefined {
    return last !== undefined && clock.elapsedMs() - last.answeredMs < MAX_AGE_MS ? last.addresses : undefined;
  }

  return {
    lookup(host, options, done) {
      const name = nameOf(host, options);
      const answered: Answered = (error, addresses = []) => {
        const [first] = addresses;
        if (error === null && options.all !== true && first !== undefined) done(null, first.address, first.family);
        else done(error, addresses);
      };
      const asked = name.asked ?? { sinceMs: clock.elapsedMs(), waiting: new Set() };
      asked.waiting.add(answered);
      if (name.asked === undefined) ask(name, asked);
      // Never at once: net is not ready for an answer before its question has returned.
      else if (clock.elapsedMs() - asked.sinceMs >= PATIENCE_MS) process.nextTick(makeDo, name, 'no answer');
      return () => asked.waiting.delete(answered);
    },
  };
}
