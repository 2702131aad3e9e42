/** What a journal begins with. A version that cannot be read by this one gets another number. */
export const HEADER = '{"llm-exporter":"state","version":1}\n';

const CRC_DIGITS = 8;
const COMMIT = /^\{"commit":(\d+),"crc":"([0-9a-f]{8})"\}/;

/** The end of a transaction. */
export interface Commit {
  /** 1 for the first of a file. */
  readonly number: number;
  /** CRC-32 of all bytes of the file before this line: a change of any of them is noticed at every commit after it. */
  readonly crc: number;
}

export function formatCommit({ number, crc }: Commit): string {
  return `{"commit":${number},"crc":"${crc.toString(16).padStart(CRC_DIGITS, '0')}"}\n`;
}

/** The commit of a line without its newline; undefined when it is something else. Without `whole` more may follow it. */
export function parseCommit(line: string, whole: boolean): Commit | undefined {
  const [text, number, crc] = COMMIT.exec(line) ?? [];
  if (text === undefined || number === undefined || crc === undefined) return undefined;
  if (whole && text.length !== line.length) return undefined;
  return { number: Number(number), crc: Number.parseInt(crc, 16) };
}
