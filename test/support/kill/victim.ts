import { type ChildProgram, startChild } from '../../../src/demo/program/child-program.ts';
import { eventually } from '../eventually.ts';
import { createFront, type Front } from './front.ts';

export interface VictimOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Finds the port in what the program prints once it listens. */
  readonly port: RegExp;
}

/** A program that is killed again and again, at one address for those who scrape it. */
export interface Victim {
  readonly name: string;
  readonly front: Front;
  /** Resolves with true when it listens, with false when it has ended before. */
  start(): Promise<boolean>;
  /** SIGKILL, or SIGTERM as an operator stops it; resolves when it is gone. Rejects when it has ended by itself. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** What its last two lives printed. */
  output(): string;
  close(): Promise<void>;
}

export async function createVictim({ name, command, args, port }: VictimOptions): Promise<Victim> {
  const front = await createFront();
  let child: ChildProgram | undefined;
  let former = '';

  const portOf = (life: ChildProgram) => Number(port.exec(life.output())?.[1] ?? 0);
  const gone = (life: ChildProgram) =>
    eventually(() => {
      if (!life.hasEnded()) throw new Error(`${name} does not end`);
    });

  return {
    name,
    front,
    async start() {
      const life = startChild({ command, args });
      child = life;
      const listening = await eventually(() => {
        if (life.hasEnded()) return false;
        if (portOf(life) === 0) throw new Error(`${name} does not listen: ${life.output()}`);
        return true;
      });
      if (listening && child === life) front.point(portOf(life));
      return listening;
    },
    async end(signal) {
      // First, so that no scrape meets another program that is given the port.
      front.point(undefined);
      const life = child;
      child = undefined;
      if (life === undefined) return;
      former = life.output();
      if (life.hasEnded()) throw new Error(`${name} has ended by itself: ${former}`);
      life.signal(signal);
      await gone(life);
    },
    output: () => `${former}\n--\n${child?.output() ?? ''}`,
    async close() {
      front.point(undefined);
      child?.signal('SIGKILL');
      if (child !== undefined) await gone(child);
      await front.close();
    },
  };
}
