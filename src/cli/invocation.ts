// How this command was called, so that a hint can be typed as it is shown: `npm start`, `npm run -s finetune -- …`, `npx finetune …`.

/** The words to type for a `finetune` command, e.g. `callAs('server stop')`. */
export function callAs(command: string, env: NodeJS.ProcessEnv = process.env): string {
  switch (env.npm_lifecycle_event) {
    case 'start':
      return command.startsWith('run ') ? 'npm start' : `npm run -s finetune -- ${command}`;
    case 'finetune':
      return `npm run -s finetune -- ${command}`;
    case 'npx':
      return `npx finetune ${command}`;
    default:
      return `finetune ${command}`;
  }
}
