// Workflows of somebody's own Worker, for the tests of the plugin.
export function greet(name: string): Promise<string> {
  return Promise.resolve(`hello ${name}`);
}

/** The handler of unknown workflow types. */
export default function anyOther(): Promise<string> {
  return Promise.resolve('handled by default');
}
