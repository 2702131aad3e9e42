import { closeSync, openSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { devNull } from 'node:os';
import type { CallError } from '../upstream/call.ts';

/** What this process or its machine has run out of, whatever the upstream may be like. */
export type Lack = Extract<CallError, 'out_of_descriptors' | 'exporter_out_of_resources'>;

type SystemError = NodeJS.ErrnoException & { readonly address?: string };

const LACKS: Readonly<Record<string, Lack>> = {
  EMFILE: 'out_of_descriptors',
  ENFILE: 'out_of_descriptors',
  ENOBUFS: 'exporter_out_of_resources',
  ENOMEM: 'exporter_out_of_resources',
};

/** What this machine lacked for a connection; undefined where that is not why there is none. */
export function lackOf(error: Error): Lack | undefined {
  const errors: readonly SystemError[] = error instanceof AggregateError ? error.errors : [error];
  for (const { code = '' } of errors) {
    // The address that could not be tried may be the one that works.
    const lack = LACKS[code];
    if (lack !== undefined) return lack;
  }
  return errors.every(isWithoutPort) ? 'exporter_out_of_resources' : undefined;
}

/** All ports towards that address are in use. Of IPv6 the same may say that this machine has no address of that kind. */
function isWithoutPort({ code, address = '' }: SystemError): boolean {
  return code === 'EADDRNOTAVAIL' && isIPv4(address);
}

/** The error with which a file cannot be opened now, where that is for lack of descriptors: for what fails by that and does not say so. */
export function lackOfDescriptors(): NodeJS.ErrnoException | undefined {
  try {
    closeSync(openSync(devNull, 'r'));
    return undefined;
  } catch (error) {
    return error instanceof Error && lackOf(error) === 'out_of_descriptors' ? error : undefined;
  }
}
