// The play server of version 1.25.0 as a program (test/support/play-server.js), which `startServer` can start.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerProgram } from '../../src/temporal/server-program.js';

/** Writes the program into a folder. */
export async function oldServerProgram(folder: string): Promise<ServerProgram> {
  const path = join(folder, 'temporal');
  const script = fileURLToPath(new URL('./play-server.js', import.meta.url));
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
  await chmod(path, 0o755);
  return { path, step: 'temporal on PATH', version: 'temporal version 0.0-fake' };
}
