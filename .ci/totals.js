// Reads the test runner's JSON results (a test that one run skips may have been run by another), names what was skipped, and ends with one
// plain line: `N passed, N failed`.
import { readFileSync } from 'node:fs';

const results = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')));
const testResults = results.flatMap((result) => result.testResults);
const numPassedTests = results.reduce((sum, result) => sum + result.numPassedTests, 0);
const numFailedTests = results.reduce((sum, result) => sum + result.numFailedTests, 0);
const tests = testResults.flatMap(({ name, assertionResults }) =>
  assertionResults.map((test) => ({ ...test, key: `${name}: ${test.title}` })),
);
const wasRun = new Set(tests.filter(({ status }) => ['passed', 'failed'].includes(status)).map(({ key }) => key));
const skipped = tests.filter(({ status, key }) => ['skipped', 'pending', 'todo'].includes(status) && !wasRun.has(key));
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);

// A test of another program says itself what is missing: `(skipped: …)`.
const needsSharedAlone = ({ fullName }) => fullName.includes('../shared') && !fullName.includes('(skipped: ');
const needsBrowser = ({ fullName }) => fullName.includes('the Temporal UI');
const unexcused = skipped.filter(
  (test) => needsBrowser(test) || (process.env.SHARED === 'yes' && needsSharedAlone(test)),
);
if (unexcused.length > 0)
  console.log(`${unexcused.length} tests of the UI, or that need ../shared which is there, were skipped.`);
const brokenFiles = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);
for (const { name, message } of brokenFiles) console.log(`could not be run: ${name}\n${message}`);

const failed = numFailedTests + unexcused.length + brokenFiles.length;
console.log(`${skipped.length - unexcused.length} skipped, as named above`);
console.log(`${numPassedTests} passed, ${failed} failed`);
if (failed > 0 || numPassedTests === 0 || process.env.STATUS !== '0') process.exitCode = 1;
