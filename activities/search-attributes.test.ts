import { describe, expect, it } from 'vitest';
import { missingSearchAttributes } from './search-attributes.js';

const KNOWN = {
  ...{ FinetuneModel: 2, FinetuneDataset: 2, FinetuneOutput: 2, FinetuneVerdict: 2 },
  ...{ FinetuneBefore: 4, FinetuneAfter: 4, Other: 1 },
};

const toldOf = (customAttributes: Record<string, number>): Promise<string[]> => {
  const operatorService = { listSearchAttributes: () => Promise.resolve({ customAttributes }) };
  return missingSearchAttributes({
    info: { namespace: 'n' },
    client: { connection: { operatorService } },
  } as unknown as Parameters<typeof missingSearchAttributes>[0]);
};

describe('search attributes', () => {
  it('are set when the server knows all of them by their types', async () => {
    expect(await toldOf(KNOWN)).toEqual([]);
  });

  it('of another type are told by both types, and the missing ones with the command that adds them', async () => {
    const { FinetuneModel: _model, ...others } = KNOWN;
    const told = await toldOf({ ...others, FinetuneVerdict: 1, FinetuneAfter: 3 });
    expect(told).toEqual([
      expect.stringContaining('FinetuneVerdict must be of type Keyword, got Text, so none is set'),
      expect.stringContaining('FinetuneAfter must be of type Double, got Int, so none is set'),
      expect.stringMatching(/none is set\. Add them: .* --namespace n --name FinetuneModel --type Keyword$/),
    ]);
    for (const line of told) expect(line.length).toBeLessThanOrEqual(300);
  });
});
