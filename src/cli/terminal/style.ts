import { styleText } from 'node:util';

type Format = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Puts a colour on a text, or leaves it as it is. */
export type Style = (format: Format, text: string) => string;

export function createStyle(colour: boolean): Style {
  return (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text);
}
