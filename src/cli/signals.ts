// Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process. */
export function onInterrupt(): { signal: AbortSignal } {
  const controller = new AbortController();
  const hear = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    controller.abort();
  };
  process.on('SIGINT', hear).on('SIGTERM', hear);
  return { signal: controller.signal };
}
