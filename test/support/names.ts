import { type Clock, systemClock } from '../../src/clock.ts';
import { createNames, type Names, type SystemLookup } from '../../src/input/proxy/upstream/names.ts';
import { createLog } from '../../src/log.ts';

/** The names of this machine, as a proxy has them. */
export function systemNames(clock: Clock = systemClock): Names {
  return createNames({ clock, log: createLog({ write: () => undefined }) });
}

/** A nameserver that answers when the test says so. */
export interface SlowNameserver {
  readonly lookup: SystemLookup;
  /** Every question it was asked. */
  readonly asked: readonly string[];
  /** Answers all that is asked of a name: with addresses, or with an error's code. */
  answer(name: string, with_: readonly string[] | string): void;
}

export function createSlowNameserver(): SlowNameserver {
  const asked: string[] = [];
  const waiting: { readonly name: string; readonly answered: Parameters<SystemLookup>[2] }[] = [];
  return {
    asked,
    lookup(name, _options, answered) {
      asked.push(name);
      waiting.push({ name, answered });
    },
    answer(name, with_) {
      const due = waiting.filter((one) => one.name === name);
      for (const one of due) waiting.splice(waiting.indexOf(one), 1);
      for (const { answered } of due) {
        if (typeof with_ === 'string') answered(lookupError(name, with_), undefined);
        else
          answered(
            null,
            with_.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          );
      }
    },
  };
}

function lookupError(name: string, code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ${code} ${name}`), { code, syscall: 'getaddrinfo', hostname: name });
}
