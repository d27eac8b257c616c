// Text that may hold something of data, file names or a server's answer, made harmless for a terminal: no control sequence but colours,
// and no mark that turns the direction of text.

const COLOUR_OR_CONTROL =
  /\u001b\[[\d;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with every control character but tab, line feed and colours turned into a space. */
export function printable(text: string): string {
  return text.replace(COLOUR_OR_CONTROL, (found) => (found.length > 1 ? found : ' '));
}
