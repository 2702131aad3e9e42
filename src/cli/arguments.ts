import { InvalidArgumentError, Option } from 'commander';
import { type ListenAddress, parseDuration, parseListenAddress } from '../config/units.ts';

/** A flag whose default has words of its own in the help: `option(…).default(value, 'words')`. */
export function option<T>(flags: string, description: string, parse: (text: string, before: T) => T): Option {
  return new Option(flags, description).argParser(parse);
}

// Parsers of flag values for commander, which puts the flag's name before what they throw.

export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`${text} is no duration such as 50ms, 2s or 1m30s.`);
  return ms;
}

/** Seconds as logs write them (`60.012`, `60.1s`), or a duration (`1m30s`). */
export function seconds(text: string): number {
  const digits = /^(\d+(?:\.\d+)?)s?$/.exec(text)?.[1];
  return digits === undefined ? durationMs(text) / 1000 : Number(digits);
}

export function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (typeof address === 'string') throw new InvalidArgumentError(`${text} ${address}.`);
  return address;
}

export function nonNegative(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new InvalidArgumentError(`${text} is no number that is 0 or more.`);
  }
  return number;
}

/** `a,b,c` */
export function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
