// Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

const ECHO_MS = 500;

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process. */
export function onInterrupt(): { signal: AbortSignal } {
  const controller = new AbortController();
  let heardAt = 0;
  const hear = (name: NodeJS.Signals): void => {
    // npm passes on what the terminal has sent already: two in a breath are one.
    const isEcho = controller.signal.aborted && performance.now() - heardAt < ECHO_MS;
    if (controller.signal.aborted && !isEcho) process.exit(name === 'SIGINT' ? 130 : 143);
    if (!isEcho) heardAt = performance.now();
    controller.abort();
  };
  process.on('SIGINT', hear).on('SIGTERM', hear);
  return { signal: controller.signal };
}
