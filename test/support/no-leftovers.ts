import cluster from 'node:cluster';
import { after } from 'node:test';

/** Longer than any connection or file takes to close behind the last test of a file. */
const GRACE_MS = 60_000;

/**
 * Loaded into the process of each test file. What a test leaves open, or a test that failed before it could clean up, would keep that process,
 * and with it the whole run, for ever; so it fails, and says what is still there.
 */
if (cluster.isPrimary) {
  after(() => {
    const end = (): void => {
      process.stderr.write(
        `still open ${GRACE_MS / 1000} s after the last test: ${process.getActiveResourcesInfo().join(', ')}\n`,
      );
      process.exit(1);
    };
    setTimeout(end, GRACE_MS).unref();
  });
}
