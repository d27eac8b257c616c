// Makes text from data harmless in Markdown: on a run's page, in a model card. The pages' renderers turn bare addresses into links.

/** Text inside a Markdown paragraph or table cell, on one line, with nothing that Markdown or HTML would act on or that turns its direction. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#!|~$]/g, '\\$&')
    .replace(/^(\s*)([-+])/, '$1\\$2')
    .replace(/(https?):/gi, '$1&#58;')
    .replace(/(www)\./gi, '$1&#46;')
    .replace(/@/g, '&#64;');
}
