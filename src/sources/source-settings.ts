// What a Worker knows about where inputs come from: the folders it may read, and its access to the Hub.

/** What the Worker's owner lets a run read, beside the data folders. A spec names no address: that of the Hub is the Worker's own. */
export interface AllowedSources {
  /** Owners (`acme`) and repositories (`acme/faq`) of the Hub, with the token; `*`: any public one, without it. Default `['*']`. */
  hub?: readonly string[];
}

/** Settings of the machine that reads inputs; never part of a run's input or of anything hashed. */
export interface SourceSettings {
  /** Folders that a spec's paths are looked for in, in order; nothing outside them is read. */
  dataFolders: string[];
  /** Base address of the Hub; default `https://huggingface.co`. */
  hubUrl?: string;
  /** Access token for private and gated repositories. It is sent to the Hub's own origin only, for what `allowedSources.hub` names only. */
  hubToken?: string;
  /** What a run may read beside the data folders. */
  allowedSources?: AllowedSources;
  /** First pause before a failed request to the Hub is repeated, doubled each time; default 1000 ms. */
  hubRetryDelayMs?: number;
}
