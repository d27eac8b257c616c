// Puts a failure's message and stack into a payload, so that the codec encrypts them too. It is bundled with the workflows.
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
