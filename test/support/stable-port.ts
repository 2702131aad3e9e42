import { freePort } from '../../src/demo/program/http-program.ts';

const LOWEST_PORT = 10_000;
/** Below those that the system hands out (ip_local_port_range): a test beside this one may be given one of these while nobody listens. */
const HIGHEST_PORT = 32_000;

/** A port that nobody listens on, and that stays ours while we do not: for a program that must be told one, and may take long to listen. */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if ((await freePort(port)) === port) return port;
  }
}
