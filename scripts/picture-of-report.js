// Takes a picture of the top of an HTML report, 1200 points wide: node scripts/picture-of-report.js report.html report.png
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [report, picture] = process.argv.slice(2);
if (!report || !picture) throw new Error('usage: node scripts/picture-of-report.js REPORT.html PICTURE.png');
const programs = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = programs.find((path) => path !== undefined && existsSync(path));
if (!executablePath) throw new Error('no chromium found: apt-get install -y chromium, or set CHROMIUM to its path');

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
await page.goto(pathToFileURL(resolve(report)).href);
await page.waitForTimeout(500);
await page.screenshot({ path: picture });
await browser.close();
