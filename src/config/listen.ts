import { ProblemError } from '../problem.ts';
import type { ListenAddress } from './units.ts';

/** What is opened on an address: the proxy, the web server. */
interface Listener {
  listen(address: ListenAddress): Promise<ListenAddress>;
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EACCES: 'may not be used by this user: ports below 1024 need a privilege',
  EADDRNOTAVAIL: 'is no address of this machine',
  ENOTFOUND: 'has a host name that is not known',
};

/** Opens a listener. An address that cannot be had is a problem of the configuration, told under the name of its setting. */
export async function listenOn(setting: string, address: ListenAddress, listener: Listener): Promise<ListenAddress> {
  try {
    return await listener.listen(address);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? LISTEN_FAULTS[String(cause.code)] : undefined;
    const text = `${address.host ?? ''}:${address.port}`;
    const message = `${setting}: ${text} ${why ?? `cannot be listened on: ${String(cause)}`}`;
    throw new ProblemError([{ code: 'config.listen', message }], { cause });
  }
}
