import { readFileSync } from 'node:fs';

/** What this build is, for `--version`, the status page and `llm_exporter_build_info`. */
export interface BuildInfo {
  readonly version: string;
  /** Commit the build was made from; the image sets it. */
  readonly revision: string;
  readonly nodeVersion: string;
}

export function readBuildInfo(env: Readonly<Record<string, string | undefined>>): BuildInfo {
  // package.json stands one folder above both src/ and dist/.
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  // Our own file, shipped with the code: its version is a string.
  const { version } = JSON.parse(text) as { version: string };
  return { version, revision: env.LLM_EXPORTER_REVISION ?? 'unknown', nodeVersion: process.version };
}
