import { delimiter, dirname } from 'node:path';
import { debianProgram, type ProgramName } from '../../src/demo/programs.ts';

/** The commands that judge the past look for programs on PATH and in the cache, and never download one. */
export async function putOnPath(program: ProgramName): Promise<void> {
  const folder = dirname(await debianProgram(program));
  const path = process.env.PATH ?? '';
  if (!path.split(delimiter).includes(folder)) process.env.PATH = `${path}${delimiter}${folder}`;
}
