// Reads the test runner's JSON result, names what was skipped, and ends with one plain line: `N passed, N failed`.
import { readFileSync } from 'node:fs';

const { testResults, numPassedTests, numFailedTests } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const skipped = testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => ['skipped', 'pending', 'todo'].includes(status));
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);

// A test of another program says itself what is missing: `(skipped: …)`.
const needsSharedAlone = ({ fullName }) => fullName.includes('../shared') && !fullName.includes('(skipped: ');
const unexcused = process.env.SHARED === 'yes' ? skipped.filter(needsSharedAlone) : [];
if (unexcused.length > 0)
  console.log(`${unexcused.length} tests that need ../shared were skipped although it is there.`);
const brokenFiles = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);
for (const { name, message } of brokenFiles) console.log(`could not be run: ${name}\n${message}`);

const failed = numFailedTests + unexcused.length + brokenFiles.length;
console.log(`${skipped.length - unexcused.length} skipped, as named above`);
console.log(`${numPassedTests} passed, ${failed} failed`);
if (failed > 0 || numPassedTests === 0 || process.env.STATUS !== '0') process.exitCode = 1;
