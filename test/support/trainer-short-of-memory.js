// The trainer on a machine where a tried step takes more memory than there is: its process dies of a plan that would try one.
await import('../../dist/src/trainer/child.js');
process.on('message', (/** @type {{ operation?: string, input?: { memoryRanOut?: true } }} */ { operation, input }) => {
  if (operation !== 'planTraining' || input?.memoryRanOut) return;
  console.error("terminate called after throwing an instance of 'std::bad_alloc'");
  process.exit(134);
});
