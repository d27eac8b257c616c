// Takes a picture of the top of the quickstart's HTML report, 1200 points wide: node scripts/picture-of-report.js PICTURE.png
// Runs the quickstart first, in a temporary folder, without Temporal.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { fineTuneLocally } from '../dist/src/training.js';

const [picture] = process.argv.slice(2);
if (!picture) throw new Error('usage: node scripts/picture-of-report.js PICTURE.png');
const programs = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = programs.find((path) => path !== undefined && existsSync(path));
if (!executablePath) throw new Error('no chromium found: apt-get install -y chromium, or set CHROMIUM to its path');

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'report-'));
try {
  const spec = JSON.parse(await readFile(join(root, 'examples/quickstart.json'), 'utf8'));
  const { report } = await fineTuneLocally(
    { ...spec, output: { ...spec.output, directory: folder } },
    { store: join(folder, 'store'), dataFolders: [root, folder] },
  );
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  await page.goto(pathToFileURL(report).href);
  await page.waitForTimeout(500);
  await page.screenshot({ path: picture });
  await browser.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
