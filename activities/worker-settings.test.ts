import { describe, expect, it } from 'vitest';
import { HubClient } from '../src/sources/hub.js';
import { sourceSettings } from './worker-settings.js';

const PASSWORD = 'pa55word';
const { signal } = new AbortController();

describe('the address of the Hub', () => {
  it.each([
    ['huggingface.co', /got "huggingface\.co"$/],
    ['hub.example:8080/mirror', /got "hub\.example:8080\/mirror"$/],
    ['ftp://hub.example', /got "ftp:\/\/hub\.example"$/],
    [`https://user:${PASSWORD}@hub.example`, /got one with a user or password$/],
    [`https://${PASSWORD}@hub.example`, /got one with a user or password$/],
    [`user:${PASSWORD}@hub.example`, /got one with a user or password$/],
    [`https://hub.example?key=${PASSWORD}`, /got one with a query$/],
    ['https://hub.example ', /got "https:\/\/hub\.example "$/],
  ])('is refused when a Worker starts, and no password is repeated: %s', (hubUrl, got) => {
    for (const use of [
      () => sourceSettings({ dataFolders: [], hubUrl }),
      () => new HubClient({ settings: { dataFolders: [], hubUrl }, signal }),
    ]) {
      expect(use).toThrow(/^HF_ENDPOINT \(hubUrl\): the Hub's address with http:\/\/ or https:\/\/ and without user/);
      expect(use).toThrow(got);
      expect(use).not.toThrow(PASSWORD);
    }
  });

  it.each(['https://huggingface.co', 'http://127.0.0.1:8080', 'https://hub.example/mirror/'])('may be %s', (hubUrl) => {
    expect(sourceSettings({ dataFolders: [], hubUrl })).toMatchObject({ hubUrl });
  });

  it('that is empty is as good as none', () => {
    expect(sourceSettings({ dataFolders: [], hubUrl: '' })).not.toHaveProperty('hubUrl');
  });
});
