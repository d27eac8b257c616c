// Plans how training goes on from a checkpoint under other settings, in the trainer.
import type { OpenSegmentInput, OpenSegmentResult } from '../src/spec/training-stages.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `openSegment`. */
export function openSegment(services: ActivityServices): Activities['openSegment'] {
  return stageActivity<OpenSegmentInput, OpenSegmentResult>(services, {
    work: (input, context) => services.trainers.call('openSegment', input, context),
  });
}
