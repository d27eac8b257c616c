// What the bundler reads in place of the user's workflows when the plugin adds its own: both, the user's default export too.
// The name imported here is pointed at the user's path by the plugin; outside a bundle this module cannot be loaded.
// A type that both export is an error of the bundler where theirs is an ES module, and one of loading the bundle where it is CommonJS,
// of which the bundler does not know; unless it is this package's own that the user exports again.
import * as theirs from '__temporal_finetune_user_workflows__';
import * as ours from '../../workflows/workflow-types.js';

export * from '../../workflows/workflow-types.js';
export * from '__temporal_finetune_user_workflows__';
/** The user's handler of unknown workflow types, if there is one; read so that the bundler does not demand it of an ES module. */
export default Reflect.get(theirs, 'default');

const taken = Object.entries(ours).filter(([type, own]) => type in theirs && Reflect.get(theirs, type) !== own);
if (taken.length > 0) {
  const types = taken.map(([type]) => `"${type}"`).join(', ');
  throw new Error(
    `FineTunePlugin: workflow types of a Worker have other names than this package's, got ${types}. Rename yours, or give the plugin to a Worker on another task queue.`,
  );
}
