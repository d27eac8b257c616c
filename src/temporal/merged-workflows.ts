// What the bundler reads in place of the user's workflows when the plugin adds its own: both, the user's default export too.
// The name imported here is pointed at the user's path by the plugin; outside a bundle this module cannot be loaded.
// A type that both export is an error of the bundler, unless it is this package's own that the user exports again.
import * as theirs from '__temporal_finetune_user_workflows__';

export * from '../../workflows/workflow-types.js';
export * from '__temporal_finetune_user_workflows__';
/** The user's handler of unknown workflow types, if there is one; read so that the bundler does not demand it of an ES module. */
export default Reflect.get(theirs, 'default');
